"""Operating the bot: logs, metrics, health, tracing, error reports, the watchdog and the doctor."""


def installed_version() -> str:
    """Return the version of Dateline that runs here."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("dateline")
    except PackageNotFoundError:
        return "unknown"
