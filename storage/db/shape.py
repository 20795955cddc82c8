"""The shape of a database: its tables, columns, keys and indexes, one line each.

The lines are the same on SQLite and PostgreSQL, and in each of their versions: types have one name
for both, and expressions, which PostgreSQL rewrites, keep only their names, values and comparisons.
Such lines are

    chat.title varchar(128) not null
    chat.until time default 0
    chat primary key (id)
    chat unique (telegram_id, thread_id)
    chat foreign key (source_id) source (id) cascade
    chat index ix_chat_until (until) where until not null

Names of constraints, triggers, storage parameters and SQLite's full-text index have no line.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

# Runs a statement without parameters on a connection of either kind, and returns its rows.
Run = Callable[[str], Sequence[Any]]

Shape = frozenset[str]

_TYPES: Final = {
    "datetime": "time",
    "timestamp with time zone": "time",
    "blob": "bytes",
    "bytea": "bytes",
    "double precision": "float",
    "tsvector": "text",  # SQLite has none
}

_SQLITE_COLUMNS: Final = """
    SELECT m.name, c.name, c.type, c."notnull", c.dflt_value, c.pk
    FROM sqlite_master AS m, pragma_table_xinfo(m.name) AS c
    WHERE m.type = 'table' AND m.sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY m.name, c.pk
"""
_SQLITE_INDEXES: Final = """
    SELECT m.name, i.name, i."unique", i.origin, d.sql, x.name, x."desc"
    FROM sqlite_master AS m, pragma_index_list(m.name) AS i, pragma_index_xinfo(i.name) AS x
    LEFT JOIN sqlite_master AS d ON d.name = i.name AND d.type = 'index'
    WHERE m.type = 'table' AND x."key" AND i.origin <> 'pk' ORDER BY m.name, i.name, x.seqno
"""
_SQLITE_FOREIGN_KEYS: Final = """
    SELECT m.name, k.id, k."from", k."table", k."to", k.on_delete
    FROM sqlite_master AS m, pragma_foreign_key_list(m.name) AS k
    WHERE m.type = 'table' ORDER BY m.name, k.id, k.seq
"""

_POSTGRESQL_COLUMNS: Final = """
    SELECT relname, attname, format_type(atttypid, atttypmod), attnotnull,
        pg_get_expr(adbin, adrelid), coalesce(array_position(indkey::int2[], attnum), -1) + 1
    FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
    LEFT JOIN pg_attrdef ON adrelid = pg_class.oid AND adnum = attnum
    LEFT JOIN pg_index ON indrelid = pg_class.oid AND indisprimary
    WHERE relkind IN ('r', 'p') AND relnamespace = current_schema()::regnamespace
    AND attnum > 0 AND NOT attisdropped ORDER BY 1, 6
"""
# An index that is not valid is as good as absent.
_POSTGRESQL_INDEXES: Final = """
    SELECT t.relname, i.relname, indisunique, CASE WHEN contype IS NULL THEN 'c' ELSE 'u' END,
        'WHERE ' || pg_get_expr(indpred, indrelid), attname, indoption[place - 1] & 1
    FROM pg_index JOIN pg_class AS t ON t.oid = indrelid JOIN pg_class AS i ON i.oid = indexrelid
    LEFT JOIN pg_constraint ON conindid = indexrelid AND contype = 'u'
    CROSS JOIN LATERAL unnest(indkey::int2[]) WITH ORDINALITY AS key(number, place)
    LEFT JOIN pg_attribute ON attrelid = indrelid AND attnum = number AND number > 0
    WHERE t.relnamespace = current_schema()::regnamespace
    AND indisvalid AND NOT indisprimary AND place <= indnkeyatts ORDER BY 1, 2, place
"""
_POSTGRESQL_FOREIGN_KEYS: Final = """
    SELECT conrelid::regclass::text, pg_constraint.oid, own.attname, confrelid::regclass::text,
        other.attname, CASE confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' ELSE '' END
    FROM pg_constraint CROSS JOIN LATERAL unnest(conkey, confkey) WITH ORDINALITY AS k(a, b, place)
    JOIN pg_attribute AS own ON own.attrelid = conrelid AND own.attnum = a
    JOIN pg_attribute AS other ON other.attrelid = confrelid AND other.attnum = b
    WHERE contype = 'f' AND connamespace = current_schema()::regnamespace ORDER BY 2, place
"""


def shape_of_sqlite(run: Run) -> Shape:
    return _shape(run(_SQLITE_COLUMNS), run(_SQLITE_INDEXES), run(_SQLITE_FOREIGN_KEYS))


def shape_of_postgresql(run: Run) -> Shape:
    return _shape(run(_POSTGRESQL_COLUMNS), run(_POSTGRESQL_INDEXES), run(_POSTGRESQL_FOREIGN_KEYS))


def _shape(columns: Iterable[Any], indexes: Iterable[Any], foreign_keys: Iterable[Any]) -> Shape:
    lines = set()
    primary: defaultdict[str, list[str]] = defaultdict(list)
    for table, name, kind, is_mandatory, default, place in columns:
        filled = _expression(default)
        lines.add(
            f"{table}.{name} {_type(kind)}"
            + (" not null" if is_mandatory else "")
            + (f" default {filled}" if filled else "")
        )
        if place:
            primary[table].append(name)
    lines |= {f"{table} primary key ({', '.join(names)})" for table, names in primary.items()}
    keys: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for table, name, is_unique, origin, sql, column, descends in indexes:
        _, _, condition = (sql or "").partition("WHERE ")
        start = f"{table} unique" if origin == "u" else f"{table} index {name}"
        end = " unique" if is_unique and origin != "u" else ""
        end += f" where {_expression(condition)}" if condition else ""
        keys[name, start, end].append(f"{column or 'expression'}{' desc' if descends else ''}")
    lines |= {f"{start} ({', '.join(names)}){end}" for (_, start, end), names in keys.items()}
    pairs: defaultdict[tuple[Any, ...], list[tuple[str, str]]] = defaultdict(list)
    for table, number, column, target, key, on_delete in foreign_keys:
        effect = "" if on_delete == "NO ACTION" else on_delete.lower()
        pairs[table, number, target, effect].append((column, key))
    for (table, _, target, effect), names in pairs.items():
        own, others = (", ".join(part) for part in zip(*names, strict=True))
        lines.add(f"{table} foreign key ({own}) {target} ({others}) {effect}".rstrip())
    return frozenset(lines)


def _type(declared: str) -> str:
    kind = declared.lower().replace("character varying", "varchar")
    return _TYPES.get(kind, kind)


_CAST: Final = re.compile(r"::[a-z_ ]+(\(\d+\))?(\[\])?")
_WORD: Final = re.compile(r"'(?:[^']|'')*'|<>|[<>]=?|[\w.-]+")
_NUMBER: Final = re.compile(r"'(-?[\d.]+)'")
# How the databases write the same list, and words that only connect.
_DROPPED: Final = {"in", "any", "all", "array", "and", "is"}
_RENAMED: Final = {"false": "0", "true": "1"}


def _expression(sql: str | None) -> str:
    """Return the names, values and comparisons in *sql*, in one spelling for both databases.

    PostgreSQL numbers rows by a default, which SQLite has not.
    """
    if not sql or sql.startswith("nextval("):
        return ""
    plain = _NUMBER.sub(r"\1", _CAST.sub("", sql)).replace("NOT IN", "<>")
    words = [
        word if word.startswith("'") else _RENAMED.get(word.lower(), word.lower())
        for word in _WORD.findall(plain)
    ]
    return " ".join(word for word in words if word not in _DROPPED)


# Additions of a newer version


_COLUMN: Final = re.compile(r"(\w+)\.(\w+) (.*)")
_KEY: Final = re.compile(r"(\w+) (unique|foreign key|index \w+) \(([^)]*)\) ?(.*)")


def hindrances(known: Shape, actual: Shape) -> list[str]:
    """Return the lines of *actual* with which a program that knows only *known* cannot write.

    It writes no value to a column that it does not know, and its values must not collide with a key
    that it does not know. It deletes rows without those of an unknown table that refer to them.
    """
    columns: defaultdict[str, set[str]] = defaultdict(set)
    for line in known:
        if found := _COLUMN.fullmatch(line):
            columns[found[1]].add(found[2])
    return sorted(line for line in actual - known if _hinders(line, columns))


def _hinders(line: str, columns: dict[str, set[str]]) -> bool:
    if found := _COLUMN.fullmatch(line):
        return found[1] in columns and found[3].endswith("not null")
    if not (found := _KEY.fullmatch(line)):
        return False
    table, kind, names, rest = found.groups()
    if table not in columns:
        target = rest.partition(" ")[0]
        return target in columns and not rest.endswith(("cascade", "set null"))
    is_restriction = kind in {"unique", "foreign key"} or rest.startswith("unique")
    return is_restriction and columns[table].issuperset(names.split(", "))
