"""One module a source of FAQs: each reads it into entries, duplicates and what else it has."""
