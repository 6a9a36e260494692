"""What rules ask about text: its words, its sentences and the marks that pagefleet adds."""
