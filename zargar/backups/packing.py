"""What stands before and after the rows in a shop's pack; whoever reads the rows puts them between. Pure."""

from zargar.backups import description as say
from zargar.backups import scripts
from zargar.backups.catalogue import Catalogue
from zargar.backups.ddl import Ddl
from zargar.backups.description import Pack
from zargar.backups.facts import ShopFacts
from zargar.backups.members import Member


def opening(content: Catalogue, ddl: Ddl) -> tuple[Pack, tuple[Member, ...]]:
    """Return the pack's head, which says where each table's rows go, and the members before the first row."""
    pack = Pack.of(content.schema, ddl.schema, content.tables)
    return pack, (Member(say.PACK, pack.dump()), Member(say.PRE_DATA, ddl.pre_data))


def closing(content: Catalogue, ddl: Ddl, pack: Pack, facts: ShopFacts) -> tuple[Member, ...]:
    """Return the members after the last row."""
    filled = [place for place, table in zip(pack.tables, facts.tables, strict=True) if table.rows]
    return (
        Member(say.SEQUENCES, scripts.sequences_sql(ddl.schema, facts.sequences)),
        Member(say.POST_DATA, ddl.post_data),
        Member(say.REFRESH, scripts.refresh_sql(ddl.schema, content.populated)),
        Member(say.RESTORE, scripts.restore_sql(pack, filled)),
        Member(say.FACTS, say.dump_facts(facts)),
    )
