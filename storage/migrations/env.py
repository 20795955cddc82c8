"""Runs the migrations on the connection of `storage.migrations.upgrade`; loaded by alembic."""

from alembic import context

from storage.schema import metadata


def is_of_models(_object: object, name: str | None, kind: str, *_: object) -> bool:
    """Return whether a database object belongs to the models; SQLite's full-text index does not."""
    return not (kind == "table" and (name or "").startswith("folded_index"))


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata(),
    render_as_batch=True,
    compare_type=True,
    user_module_prefix="",
    render_item=context.config.attributes.get("render_item"),
    include_object=is_of_models,
)
with context.begin_transaction():
    context.run_migrations()
