"""Programs that Tangentry differentiates, by construct; `cases.py` says how each is checked."""
