"""How a connection to a mail server is kept from others' eyes."""

from enum import StrEnum


class Security(StrEnum):
    STARTTLS = "starttls"
    TLS = "tls"  # from the first byte on
    NONE = "none"  # for a server on this machine or in a network of yours
