"""One writer per output format; ``shared.domain.formats.output_formats`` lists them."""
