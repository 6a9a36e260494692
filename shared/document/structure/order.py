"""The rules that make one document of the pages, in the order of application."""

from shared.document.structure.captions import captions
from shared.document.structure.code_joins import code_joins
from shared.document.structure.footnotes.continuations import note_continuations
from shared.document.structure.footnotes.further_paragraphs import further_paragraphs
from shared.document.structure.footnotes.links import footnotes
from shared.document.structure.formulas import formulas
from shared.document.structure.furniture.recurring import furniture
from shared.document.structure.headings.levels import heading_levels
from shared.document.structure.lists import lists
from shared.document.structure.paragraphs.paragraph_joins import paragraph_joins
from shared.document.structure.quotations import quotations
from shared.document.structure.tables.pipe_tables import pipe_tables
from shared.document.structure.tables.table_joins import table_joins
from shared.document.structure.units import Rule

#: The order matters: furniture stands between the parts of what a page break divides, and a
#: table is joined before the text around it is compared.
ORDER: tuple[Rule, ...] = (
    furniture,
    note_continuations,
    table_joins,
    code_joins,
    quotations,
    paragraph_joins,
    further_paragraphs,
    lists,
    heading_levels,
    captions,
    footnotes,
)
#: Applied last and to the results of every task: options that only change how a block is written.
NOTATION: tuple[Rule, ...] = (formulas, pipe_tables)
