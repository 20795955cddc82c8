"""Settings: the only reader of the environment, of `.env` and of the `*_FILE` secrets.

The first of these wins: environment, `<NAME>_FILE`, `.env`, default. Every setting is named in
`.env.example`, in the same order.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from difflib import get_close_matches
from email.utils import parseaddr
from enum import StrEnum
from io import StringIO
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias, TypeVar, get_args
from urllib.parse import urlsplit

from dotenv import dotenv_values
from dotenv.parser import parse_stream
from pydantic import (
    AnyHttpUrl,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from bot.budgets import USUAL, Budgets
from bot.database_urls import with_driver
from bot.mail.headers import read_address, with_name
from bot.ops.logs import TOKEN, LogForm, redact
from bot.rendering.shown_pictures import PictureProxy
from bot.sources.sealing import parse_keys

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from dotenv.parser import Binding

LOOPBACK = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
ENV_FILE = ".env"
SERVICE_FOLDER = Path("/etc/dateline")  # of the units in deploy/systemd
_ENCODING = "utf-8-sig"  # because some editors begin a file with a byte order mark
DEFAULT_DATABASE = "sqlite+aiosqlite:///var/dateline.sqlite3"

# The playground forgets its users when it ends, and gives their ids to new users. A database that
# kept the old users would mistake the new ones for them.
PLAYGROUND_DATABASE = "sqlite+aiosqlite:///var/playground.sqlite3"

Port = Annotated[int, Field(ge=1, le=65535)]
Amount = Annotated[int, Field(ge=1, le=1_000_000_000)]


def _split(value: object) -> object:
    if not isinstance(value, str):
        return value
    return [part.strip() for part in value.split(",") if part.strip()]


def _is_near(host: str) -> bool:
    """Return whether *host* is this machine, or can only be in the operator's own network.

    A name without a dot, such as that of a container, is none of the internet's.
    """
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".local", ".internal"))
    return address.is_private and not address.is_unspecified


Item = TypeVar("Item")
CommaSet: TypeAlias = Annotated[frozenset[Item], NoDecode, BeforeValidator(_split)]
CommaList: TypeAlias = Annotated[tuple[Item, ...], NoDecode, BeforeValidator(_split)]


class AccessMode(StrEnum):
    """The users who may use the bot: those on a list, those invited too, or everybody."""

    ALLOWLIST = "allowlist"
    INVITE = "invite"
    OPEN = "open"


class Role(StrEnum):
    """A share of the work; a process has all roles unless ROLES names some."""

    CHAT = "chat"
    POLL = "poll"
    MATCH = "match"
    PUBLISH = "publish"
    SEND = "send"
    WEB = "web"


class Updates(StrEnum):
    """How updates arrive: the bot polls Telegram, or Telegram posts them to a webhook."""

    POLLING = "polling"
    WEBHOOK = "webhook"


class SmtpTls(StrEnum):
    """The encryption of the connection to the mail server."""

    STARTTLS = "starttls"
    TLS = "tls"  # from the first byte
    NONE = "none"  # for a server on this machine or in your own network


# Kubernetes and Docker set these in each container, for services of any name.
_SERVICE_VARIABLE: Final = re.compile(r"_SERVICE_(HOST|PORT)|_PORT_\d+_")
_SIMILARITY: Final = 0.8  # of two names that differ by a swapped letter
_PREFIX: Final = "DATELINE_"


class Sends(StrEnum):
    """The parts of an article that the language model reads."""

    HEADLINES = "headlines"
    LEADS = "leads"  # with the first sentences
    TEXTS = "texts"  # with the first paragraphs


class WrongSettingError(ValueError):
    """A setting has an invalid value. The message is one sentence with the name of the setting."""


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_file=ENV_FILE,
        env_file_encoding=_ENCODING,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
    )

    bot_token: SecretStr | None = None
    bot_api_url: AnyHttpUrl = AnyHttpUrl("https://api.telegram.org")
    send_per_second: Annotated[float, Field(ge=1, le=1000)] = 27
    database_url: SecretStr = SecretStr(DEFAULT_DATABASE)
    database_direct_url: SecretStr | None = None
    database_pool: Annotated[int | None, Field(ge=2, le=1000)] = None
    keep_articles_days: Annotated[int, Field(ge=110, le=36_500)] = 120
    keep_deliveries_days: Annotated[int, Field(ge=15, le=36_500)] = 30
    backup_days: Annotated[int, Field(ge=0, le=36_500)] = 7
    story_memory_mb: Annotated[int, Field(ge=10, le=100_000)] = 200
    roles: CommaSet[Role] = frozenset(Role)
    web_host: str = "127.0.0.1"
    web_port: Annotated[int, Field(ge=0, le=65535)] = 8080
    public_url: AnyHttpUrl | None = None
    updates: Updates = Updates.POLLING
    trusted_proxies: CommaList[IPv4Network | IPv6Network] = LOOPBACK
    metrics_host: str = "127.0.0.1"
    metrics_port: Annotated[int | None, Field(ge=0, le=65535)] = None
    traces_url: SecretStr | None = None
    errors_url: SecretStr | None = None
    playground_port: Port = 8081
    admin_ids: CommaSet[int] = frozenset()
    access: AccessMode = AccessMode.ALLOWLIST
    allowed_ids: CommaSet[int] = frozenset()
    topics_per_chat: Annotated[int, Field(ge=1, le=1000)] = 100
    feeds_per_chat: Annotated[int, Field(ge=0, le=1000)] = 50
    alerts_per_chat: Annotated[int, Field(ge=0, le=1000)] = 0
    account_requests_a_day: Amount = USUAL.requests
    account_seconds_a_day: Amount = USUAL.seconds
    account_mb_a_day: Amount = USUAL.megabytes
    account_entries_a_day: Amount = USUAL.entries
    account_pages_a_day: Amount = USUAL.pages
    account_matches_a_day: Amount = USUAL.matches
    account_additions_a_day: Amount = USUAL.additions
    account_searches_a_day: Amount = USUAL.searches
    secrets_key: SecretStr | None = None
    allowed_networks: CommaList[IPv4Network | IPv6Network] = ()
    search_feeds: CommaList[SecretStr] = ()  # addresses may hold keys
    search_feeds_budget: Annotated[int, Field(ge=0, le=10_000)] = 100
    model_url: SecretStr | None = None  # somebody may write the key into it
    model_name: Annotated[str | None, Field(validate_default=True)] = None
    model_key: SecretStr | None = None
    model_daily_tokens: Amount = 1_000_000
    model_sends: Sends = Sends.LEADS
    contact_url: AnyHttpUrl | None = None
    picture_proxy: str | None = None
    templates_dir: Path | None = None
    smtp_host: str | None = None
    smtp_port: Port = 587
    smtp_tls: SmtpTls = SmtpTls.STARTTLS
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    smtp_from: Annotated[str | None, Field(validate_default=True)] = None
    smtp_reply_to: str | None = None
    smtp_bounces: str | None = None
    smtp_per_hour: Annotated[int, Field(ge=1, le=1_000_000)] = 1000
    dkim_key_file: Path | None = None
    dkim_selector: str | None = None
    dkim_domain: str | None = None
    imap_host: str | None = None
    imap_port: Port = 993
    imap_user: str | None = None
    imap_password: SecretStr | None = None
    imap_folder: str = "INBOX"
    newsletter_address: str | None = None
    newsletter_auth_server: str | None = None
    log_format: LogForm = "auto"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("roles")
    @classmethod
    def _names_a_role(cls, value: frozenset[Role]) -> frozenset[Role]:
        if not value:
            raise ValueError("name at least one of chat, poll, match, publish, send, web")
        return value

    @field_validator("search_feeds")
    @classmethod
    def _has_a_place_for_the_query(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for address in value:
            parts = urlsplit(address.get_secret_value())
            if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
                raise ValueError("write addresses such as https://news.example/rss?q={query}")
            if "{query}" not in f"{parts.path}?{parts.query}":
                raise ValueError("each address needs {query} where the words of a topic belong")
        return value

    @field_validator("picture_proxy")
    @classmethod
    def _is_a_template_of_addresses(cls, value: str | None) -> str | None:
        return PictureProxy.parse(value).template if value else None

    @field_validator("bot_token")
    @classmethod
    def _looks_like_a_token(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not TOKEN.fullmatch(value.get_secret_value()):
            raise ValueError("a token looks like 123456:ABC-DEF…; copy it whole from @BotFather")
        return value

    @field_validator("smtp_from", "smtp_reply_to", "smtp_bounces", "newsletter_address")
    @classmethod
    def _is_an_address(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None:
            if info.field_name == "smtp_from" and info.data.get("smtp_host"):
                raise ValueError("with SMTP_HOST say who writes: Dateline <news@example.org>")
            return None
        named = info.field_name == "smtp_from"
        name, address = parseaddr(value) if named else ("", value)
        try:
            read = read_address(address)
        except ValueError:
            raise ValueError("write an address such as news@example.org") from None
        return with_name(name, read) if named else read

    @field_validator("traces_url", "errors_url")
    @classmethod
    def _is_an_http_address(cls, value: SecretStr | None) -> SecretStr | None:
        parts = urlsplit(value.get_secret_value()) if value else None
        if parts and (parts.scheme not in {"http", "https"} or not parts.hostname):
            raise ValueError("write an address that begins with https:// or http://")
        return value

    @field_validator("model_url")
    @classmethod
    def _keeps_the_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        parts = urlsplit(value.get_secret_value())
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("write an address that begins with https:// or http://")
        if parts.query or parts.fragment or parts.username or parts.password:
            raise ValueError("write the address alone, and the key into MODEL_KEY")
        if parts.scheme == "http" and not _is_near(parts.hostname):
            raise ValueError(
                "over the internet write https://; http:// is for this machine and your own network"
            )
        return value

    @field_validator("model_name")
    @classmethod
    def _names_a_model(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("model_url"):
            raise ValueError("with MODEL_URL name the model, as its server calls it")
        return value

    @field_validator("model_key")
    @classmethod
    def _is_one_line(cls, value: SecretStr | None) -> SecretStr | None:
        key = value.get_secret_value() if value else ""
        if not (key.isascii() and key.isprintable()):
            raise ValueError("a key is one line of plain characters; copy it whole")
        return value

    @field_validator("secrets_key")
    @classmethod
    def _has_keys(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not parse_keys(value.get_secret_value()):
            raise ValueError("write a key, as `openssl rand -base64 32` makes one")
        return value

    @field_validator("public_url")
    @classmethod
    def _is_bare(cls, value: AnyHttpUrl | None) -> AnyHttpUrl | None:
        if value and (value.query or value.fragment or value.username or value.password):
            raise ValueError("write https://news.example.org, or with a path behind it, no more")
        return value

    @field_validator("updates")
    @classmethod
    def _has_a_public_address(cls, value: Updates, info: ValidationInfo) -> Updates:
        # The playground knows its own address.
        is_known = info.data.get("public_url") or not info.data.get("bot_token")
        if value is Updates.WEBHOOK and not is_known:
            raise ValueError("with webhook set PUBLIC_URL too, the https address of this bot")
        return value

    @field_validator("templates_dir")
    @classmethod
    def _is_a_folder(cls, value: Path | None) -> Path | None:
        if value and not value.is_dir():
            raise ValueError("name a folder that is there, with your templates in it")
        return value

    @field_validator("database_url", "database_direct_url")
    @classmethod
    def _with_an_async_driver(cls, value: SecretStr | None) -> SecretStr | None:
        return SecretStr(with_driver(value.get_secret_value())) if value else None

    @field_validator("database_direct_url")
    @classmethod
    def _is_behind_a_pooler(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        url = info.data.get("database_url")
        for address in (value, url) if value and url else ():
            if not address.get_secret_value().startswith("postgresql"):
                raise ValueError("name PostgreSQL here and in DATABASE_URL, or leave it empty")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del file_secret_settings  # because `<NAME>_FILE` names the file of each secret
        return init_settings, env_settings, FileSettingsSource(settings_cls), dotenv_settings

    @property
    def budgets(self) -> Budgets:
        return Budgets(
            requests=self.account_requests_a_day,
            seconds=self.account_seconds_a_day,
            megabytes=self.account_mb_a_day,
            entries=self.account_entries_a_day,
            pages=self.account_pages_a_day,
            matches=self.account_matches_a_day,
            additions=self.account_additions_a_day,
            searches=self.account_searches_a_day,
        )

    @property
    def bot_api_base(self) -> str:
        """BOT_API_URL without a slash at its end."""
        return str(self.bot_api_url).rstrip("/")

    @property
    def model_base(self) -> str | None:
        """MODEL_URL without a slash at its end."""
        return self.model_url.get_secret_value().rstrip("/") if self.model_url else None

    @property
    def public_base(self) -> str | None:
        """PUBLIC_URL without a slash at its end."""
        return str(self.public_url).rstrip("/") if self.public_url else None

    @property
    def has_temporary_database(self) -> bool:
        """Whether `dateline run` begins with an empty PLAYGROUND_DATABASE."""
        return self.bot_token is None and self.database_url.get_secret_value() == DEFAULT_DATABASE


class FileSettingsSource(EnvSettingsSource):
    """Reads the value of NAME from the file that the variable NAME_FILE names."""

    def __call__(self) -> dict[str, Any]:
        return {
            name: _read(f"{name.upper()}_FILE", Path(path)).strip()
            for name in self.settings_cls.model_fields
            if (path := self.env_vars.get(f"{name}_file"))
        }


def _read(origin: str, path: Path) -> str:
    try:
        return path.read_text(encoding=_ENCODING)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise WrongSettingError(f"{origin}: cannot read {path}: {reason}.") from error


@dataclass(frozen=True, slots=True)
class UnknownName:
    """A variable that looks like a setting; *similar* is the setting that may be meant, or ""."""

    name: str
    similar: str

    @property
    def sentence(self) -> str:
        return f"{self.name} is no setting, so it has no effect."

    @property
    def hint(self) -> str:
        return f"Did you mean {self.similar}?" if self.similar else ""


def unknown_names(names: Collection[str]) -> list[UnknownName]:
    """Find misspelt settings among the *names* of variables.

    Other programs' variables are left out, unless they share a prefix with several settings.
    """
    known = [name.upper() for name in Settings.model_fields]
    taken = {*known, *(f"{name}_FILE" for name in known)}
    prefixes = _shared_prefixes(known)
    unknown = []
    for name in sorted(set(names) - taken):
        bare = name.removeprefix(_PREFIX)
        similar = get_close_matches(bare, taken, n=1, cutoff=_SIMILARITY)
        if not _SERVICE_VARIABLE.search(name) and (similar or bare.startswith(prefixes)):
            unknown.append(UnknownName(name, similar[0] if similar else ""))
    return unknown


def _shared_prefixes(names: Collection[str]) -> tuple[str, ...]:
    """Return the prefixes that several of *names* share, such as `SMTP_`."""
    heads = [name.partition("_")[0] for name in names if "_" in name]
    return tuple(sorted({f"{head}_" for head in heads if heads.count(head) > 1}))


def given_names() -> frozenset[str]:
    """Return the names of all variables in the environment and in `.env`, in upper case."""
    in_file = dotenv_values(ENV_FILE, encoding=_ENCODING)
    names = [*os.environ, *in_file]  # noqa: TID251 - this is their only reader
    return frozenset(name.upper() for name in names)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the value of a setting comes from; *place* is its line or file, or ""."""

    kind: Literal["default", ".env", "environment", "file", "credential"]
    place: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.place}".rstrip()


def origins() -> dict[str, Origin]:
    """Return where each setting, by its name in upper case, gets its value from."""
    environment = _environment()
    lines = _lines_of(Path(ENV_FILE))
    return {
        name.upper(): _origin(name.upper(), environment, lines) for name in Settings.model_fields
    }


def _origin(name: str, environment: Mapping[str, str], lines: Mapping[str, int]) -> Origin:
    if name in environment:
        return Origin("environment")
    if path := environment.get(f"{name}_FILE"):
        return Origin("credential" if is_credential(Path(path)) else "file", path)
    return Origin(".env", f"line {lines[name]}") if name in lines else Origin("default")


def is_credential(path: Path) -> bool:
    """Return whether systemd passed this file on to the service, with a mode of its own."""
    folder = _environment().get("CREDENTIALS_DIRECTORY")
    return folder is not None and path.is_relative_to(folder)


def _environment() -> dict[str, str]:
    variables = os.environ.items()  # noqa: TID251 - this is their only reader
    return {name.upper(): value for name, value in variables if value}


def settings_source() -> str:
    """Return which file of settings is read, as an absolute path, beside the environment."""
    file = Path(ENV_FILE).absolute()
    return f"{file} and the environment" if file.is_file() else f"the environment (no {file})"


def require_settings_of_service() -> None:
    """Raise WrongSettingError if a service has settings that this command does not read.

    Without them it would describe the default database, or a playground, as that of the service.
    """
    given = origins()
    is_given = any(given[name].kind != "default" for name in ("BOT_TOKEN", "DATABASE_URL"))
    if SERVICE_FOLDER.exists() and not is_given:
        raise WrongSettingError(
            f"The service reads its settings from {SERVICE_FOLDER}, and this command has neither "
            "BOT_TOKEN nor DATABASE_URL. Run it with the service's settings: "
            "docs/how-to/doctor.md shows how."
        )


def _lines_of(path: Path) -> dict[str, int]:
    """Return the line of each variable of *path* that has a value."""
    if not path.is_file():
        return {}
    text = _read("The settings", path)
    bindings = parse_stream(StringIO(text))
    return {each.key.upper(): _line_of(each) for each in bindings if each.key and each.value}


def _line_of(binding: Binding) -> int:
    given = binding.original.string
    return binding.original.line + given[: len(given) - len(given.lstrip())].count("\n")


def shown_value(settings: Settings, name: str) -> str:
    """Return the value of the setting *name* as one would write it, with … for a secret."""
    field = name.lower()
    value = getattr(settings, field)
    if value is None:
        return ""
    if field in {"database_url", "database_direct_url"}:
        return _without_password(value.get_secret_value())
    if _holds_secrets(Settings.model_fields[field].annotation):
        return "…" if value else ""
    if isinstance(value, frozenset | tuple):
        parts = [str(part) for part in value]
        return ",".join(parts if isinstance(value, tuple) else sorted(parts))
    return redact(str(value))


def _without_password(url: str) -> str:
    """Return the URL of a database without its query, because a password may stand there too."""
    return redact(url).partition("?")[0]


def secret_files() -> list[Path]:
    """Return the files that variables such as BOT_TOKEN_FILE name, except credentials."""
    return [Path(each.place) for each in origins().values() if each.kind == "file"]


@dataclass(frozen=True, slots=True)
class WrongSetting:
    """*name* is that of the setting, or "" if a whole file cannot be read."""

    name: str
    sentence: str


def wrong_settings() -> list[WrongSetting]:
    """Return all wrong settings, while `load_settings` stops at the first."""
    try:
        _require_readable(Path(ENV_FILE))
    except WrongSettingError as error:
        return [WrongSetting("", str(error))]
    unreadable = []
    for name, origin in origins().items():
        if origin.kind in {"file", "credential"}:
            try:
                _read(f"{name}_FILE", Path(origin.place))
            except WrongSettingError as error:
                unreadable.append(WrongSetting(name, str(error)))
    if unreadable:
        return unreadable
    try:
        Settings()
    except ValidationError as error:
        return [
            WrongSetting(str(each["loc"][0]).upper(), _sentence(each))
            for each in error.errors(include_url=False)
        ]
    return []


def _require_readable(path: Path) -> None:
    """Raise WrongSettingError for a line of *path* that says nothing to us.

    The library would only log such a line, and start the bot without the setting.
    """
    try:
        if not path.is_file():
            return
    except OSError as error:
        raise WrongSettingError(f"The settings: cannot read {path}: {error.strerror}.") from error
    text = _read("The settings", path)
    for binding in parse_stream(StringIO(text)):
        if binding.error or (binding.key and binding.value is None):
            raise WrongSettingError(
                f"{path}: line {_line_of(binding)} cannot be read. Write "
                "NAME=value, with quotes at both ends of the value or none, and # before a remark."
            )


def load_settings(**instead: str) -> Settings:
    """Return the settings; *instead* has values from the command line, which override all others.

    Raises WrongSettingError for the first wrong setting, or for a line that cannot be read.
    """
    _require_readable(Path(ENV_FILE))
    try:
        return Settings(**instead)  # type: ignore[arg-type]
    except ValidationError as error:
        raise WrongSettingError(_sentence(error.errors(include_url=False)[0])) from None


def _sentence(error: Mapping[str, Any]) -> str:
    name = str(error["loc"][0])
    reason = error["msg"].removeprefix("Value error, ")
    is_secret = _holds_secrets(Settings.model_fields[name].annotation)
    given = "" if is_secret else f" (given: {error['input']!r})"
    return f"{name.upper()} is wrong: {reason}{given}."


def _holds_secrets(annotation: object) -> bool:
    return annotation is SecretStr or any(map(_holds_secrets, get_args(annotation)))
