"""All subcommands of `dateline`, in the order of its help."""

from __future__ import annotations

from bot.cli.access import app as access
from bot.cli.audit import audit
from bot.cli.backup import backup, restore
from bot.cli.catalogue import app as catalogue
from bot.cli.deliveries import app as deliveries
from bot.cli.doctor import doctor
from bot.cli.health import health
from bot.cli.invites import app as invites
from bot.cli.main import new_app
from bot.cli.match import MINUS_IS_NO_OPTION, match
from bot.cli.migrate import migrate
from bot.cli.migrate_storage import migrate_storage
from bot.cli.people import export_people, import_people
from bot.cli.playground import playground
from bot.cli.preview import preview
from bot.cli.read import read
from bot.cli.sources import sources
from bot.cli.stats import stats
from bot.cli.trace import trace

app = new_app()
app.command()(playground)
app.add_typer(sources)
app.add_typer(deliveries, name="deliveries")
app.add_typer(access, name="access")
app.add_typer(catalogue, name="catalogue")
app.add_typer(invites, name="invites")
app.command()(audit)
app.command()(trace)
app.command()(preview)
app.command()(doctor)
app.command("export")(export_people)
app.command("import")(import_people)
app.command()(health)
app.command()(stats)
app.command()(read)
app.command(context_settings=MINUS_IS_NO_OPTION)(match)
app.command()(migrate)
app.command()(migrate_storage)
app.command()(backup)
app.command()(restore)
