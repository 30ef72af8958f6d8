"""What the server wrote for one pipeline, as statements that a bare program can repeat.

The rows are the difference between two looks at the database, so the recipe follows the schema by itself."""

# Counted per project, so that each pipeline must have values of its own.
COUNTERS = ("iid", "next_pipeline_iid")


def look(database):
    """All rows: {table: {id: row}}. Tables without an id are no part of a pipeline."""
    found = {}
    for table in database.tables():
        rows = database.rows(table)
        if rows and "id" in rows[0]:
            found[table] = {row["id"]: row for row in rows}
    return found


def recipe_of(database, before, after):
    """The statements for what is in `after` and not in `before`: new rows first, in an order that references
    allow, then the changed ones, so that locks on what pipelines share are held as briefly as can be."""
    references = database.tables()
    new = [(table, row) for table in in_order(references) for key, row in after.get(table, {}).items()
           if key not in before.get(table, {})]
    numbers = {(table, row["id"]): number for number, (table, row) in enumerate(new)}
    return [insert(table, row, references[table], numbers) for table, row in new] + \
           [update(table, before[table][key], row) for table, rows in after.items() for key, row in rows.items()
            if before.get(table, {}).get(key, row) != row]


def in_order(references):
    """Tables after those that they refer to."""
    ordered = []

    def visit(table):
        if table not in ordered:
            for other in references[table].values():
                if other != table:
                    visit(other)
            ordered.append(table)

    for table in sorted(references):
        visit(table)
    return ordered


def insert(table, row, references, numbers):
    # The id first: the bare programs count on it.
    columns = ["id"] + [column for column in row if column != "id"]
    values = [value_of(table, row, column, references, numbers) for column in columns]
    places = ", ".join(f"${i}" for i in range(1, len(columns) + 1))
    return {"sql": f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", "table": table, "values": values}


def value_of(table, row, column, references, numbers):
    if column == "id":
        return {"row": numbers[table, row["id"]]}
    number = numbers.get((references.get(column), row[column]))
    if number is not None:
        return {"row": number}
    return {"next": row[column] + 1} if column in COUNTERS else row[column]


def update(table, old, row):
    changed = [column for column in row if row[column] != old[column]]
    values = [{"next": row[column] + 1} if column in COUNTERS else row[column] for column in changed]
    assignments = ", ".join(f"{column} = ${i}" for i, column in enumerate(changed, 1))
    return {"sql": f"UPDATE {table} SET {assignments} WHERE id = ${len(changed) + 1}", "table": None,
            "values": [*values, row["id"]]}


def in_words(recipe):
    """Such as "43 rows of 4 tables (pipelines 1, ...), 2 updates"."""
    counts = {}
    for statement in recipe:
        if statement["table"]:
            counts[statement["table"]] = counts.get(statement["table"], 0) + 1
    rows = ", ".join(f"{table} {n}" for table, n in counts.items())
    return f"{sum(counts.values())} rows ({rows}), {len(recipe) - sum(counts.values())} updates"
