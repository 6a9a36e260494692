"""How Sphinx builds these pages: ``make docs``; warnings and dead references are errors."""

project = "pagefleet"
author = "the pagefleet authors"
extensions = ["myst_parser"]
html_theme = "furo"
html_title = "pagefleet"
exclude_patterns = ["_build"]
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
# Files of the repository that the pages link to are not part of the site.
suppress_warnings = ["myst.xref_missing_file"]
