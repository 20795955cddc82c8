// The e-mail address: entered, confirmed by a code, used and removed.

import { byId, onSubmit, press } from "./elements.js";

export class Mail {
  // acts: {act(name, fields)}
  constructor({ act }) {
    onSubmit(byId("address-form"), () =>
      act("request_confirmation", { address: byId("address").value }),
    );
    onSubmit(byId("code-form"), async () => {
      if (await act("confirm_address", { code: byId("code").value })) byId("code").value = "";
    });
    for (const button of byId("medium").children)
      button.addEventListener("click", () =>
        act("set_digest_medium", { medium: button.dataset.medium }),
      );
    byId("email-alerts").addEventListener("change", async ({ target }) => {
      if (!(await act("set_email_alerts", { wanted: target.checked })))
        target.checked = !target.checked;
    });
    byId("remove-address").addEventListener("click", () => act("remove_address", {}));
  }

  show({ mail }) {
    byId("mail-text").textContent = mail.text;
    for (const part of byId("mail").querySelectorAll("[data-when]"))
      part.hidden = !part.dataset.when.split(" ").includes(mail.state);
    if (!mail.canMail) byId("address-form").hidden = true;
    byId("mail-section").hidden = !mail.canMail && mail.state === "none";
    press(byId("medium").children, "medium", mail.medium);
    byId("email-alerts").checked = mail.alerts;
  }
}
