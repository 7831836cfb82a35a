"""What the screens are made of; each widget shows a frozen value and knows no engine object."""
