"""`concurrent` of the running Python, as far as it is here: `weftline.concurrent.futures`."""
