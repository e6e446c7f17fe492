"""Which experiment tells the causes apart, and what those that were made prove. Pure: nothing runs here."""
