"""`concurrent` of the running Python, as far as weftline has it: `weftline.concurrent.futures`."""
