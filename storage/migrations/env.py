"""How alembic runs here: on the connection it is given, by `storage.migrations.upgrade`."""

from alembic import context

from storage.tables import METADATA


def of_the_models(_object: object, name: str | None, kind: str, *_: object) -> bool:
    """Leave out what SQLite keeps for its full-text index."""
    return not (kind == "table" and (name or "").startswith("folded_index"))


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
    compare_type=True,
    user_module_prefix="",
    include_object=of_the_models,
)
with context.begin_transaction():
    context.run_migrations()
