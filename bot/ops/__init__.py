"""Operating the bot: logs, metrics, health, tracing, the watchdog and the doctor."""
