"""What each command of ``pagefleet`` does, after its options were parsed."""
