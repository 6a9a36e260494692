"""The rules that make the text of a page safe and link it, in the order of application."""

from shared.document.draft import Rule
from shared.document.rules.code_fences import code_fences
from shared.document.rules.figure_links import figure_links
from shared.document.rules.forged_anchors import forged_anchors
from shared.document.rules.harmless_html import harmless_html
from shared.document.rules.missing_figures import missing_figures
from shared.document.rules.neutral_links import neutral_links
from shared.document.rules.open_ends import open_ends
from shared.document.rules.page_anchor import page_anchor
from shared.document.rules.placeholder import placeholder
from shared.document.rules.table_blocks import table_blocks
from shared.document.rules.visible_entities import visible_entities
from shared.document.rules.whitespace import whitespace

#: The order matters. Code blocks are found before anything is escaped, unsafe links are broken
#: before figures become links, and pagefleet's own marks are added last.
ORDER: tuple[Rule, ...] = (
    whitespace,
    code_fences,
    visible_entities,
    missing_figures,
    table_blocks,
    harmless_html,
    neutral_links,
    forged_anchors,
    figure_links,
    open_ends,
    placeholder,
    page_anchor,
)
