"""The author's room: functions become steps, steps become a pipeline. A drawing; nothing runs here."""
