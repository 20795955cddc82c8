// The address for digests: asked for, confirmed by a code, used, removed.

import { byId, onSubmit, press } from "./elements.js";

export class Mail {
  // acts: {act(name, fields)}
  constructor({ act }) {
    onSubmit(byId("address-form"), () => act("mail", { address: byId("address").value }));
    onSubmit(byId("code-form"), async () => {
      if (await act("code", { code: byId("code").value })) byId("code").value = "";
    });
    for (const button of byId("reach").children)
      button.addEventListener("click", () => act("reach", { reach: button.dataset.reach }));
    byId("mail-alerts").addEventListener("change", async ({ target }) => {
      if (!(await act("mail-alerts", { wanted: target.checked }))) target.checked = !target.checked;
    });
    byId("forget-mail").addEventListener("click", () => act("forget-mail", {}));
  }

  show({ mail }) {
    byId("mail-text").textContent = mail.text;
    for (const part of byId("mail").querySelectorAll("[data-when]"))
      part.hidden = !part.dataset.when.split(" ").includes(mail.state);
    if (!mail.canMail) byId("address-form").hidden = true;
    press(byId("reach").children, "reach", mail.reach);
    byId("mail-alerts").checked = mail.alerts;
  }
}
