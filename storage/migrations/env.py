"""Runs the migrations on the connection that `storage.migrations.upgrade` gives."""

from alembic import context

from storage.schema import metadata


def is_of_models(_object: object, name: str | None, kind: str, *_: object) -> bool:
    """Leave out the tables of SQLite's full-text index."""
    return not (kind == "table" and (name or "").startswith("folded_index"))


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata(),
    render_as_batch=True,
    compare_type=True,
    user_module_prefix="",
    include_object=is_of_models,
)
with context.begin_transaction():
    context.run_migrations()
