"""How much one template may take."""

MAX_TEXT = 256 * 1024
"""Bytes of an output, and of what one ``printf`` makes: all that the annotations of one object hold
(apimachinery, ``TotalAnnotationSizeLimitB``)."""

MAX_TOKENS = 5_000
"""Words, signs and texts between actions."""

MAX_PROBLEM = 240
"""Characters of a message, which may repeat any long word of a template."""

MAX_NESTING = 50
"""Actions within actions and parentheses within parentheses, as written."""

MAX_DEPTH = 100
"""Actions within actions as executed, through templates that call templates."""

MAX_STEPS = 50_000
"""Operands and actions executed; takes a fraction of a second."""

BYTES_PER_STEP = 16
"""Bytes given to or by functions that count as a step, so that texts cannot fill the memory."""
