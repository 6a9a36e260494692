"""One writer per output format; ``shared.domain.output_formats`` lists them."""
