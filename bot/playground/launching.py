"""What a Mini App gets in the hash of its address, signed as Telegram signs it.

https://core.telegram.org/bots/webapps#validating-data-received-via-the-mini-app
"""

import hmac
import json
from hashlib import sha256
from urllib.parse import urlencode

from bot.playground.chats import Person


def launch_data(token: str, person: Person, now: int) -> str:
    """`tgWebAppData` for *person*; *now* in Unix seconds."""
    user = {key: value for key, value in person.to_api().items() if key != "is_bot"}
    told = {
        "query_id": f"AAH{person.id}",
        "user": json.dumps(user, ensure_ascii=False, separators=(",", ":")),
        "auth_date": str(now),
    }
    lines = "\n".join(f"{key}={told[key]}" for key in sorted(told))
    secret = hmac.new(b"WebAppData", token.encode(), sha256).digest()
    return urlencode(told | {"hash": hmac.new(secret, lines.encode(), sha256).hexdigest()})
