"""The run that is shown: followed, folded, and read as screens need it. Draws nothing."""
