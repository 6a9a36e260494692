"""Code that runs inside vLLM's processes, loaded by ``register``.

Of pagefleet it imports only ``workers.engines.deepseek`` (a test checks this), because it is also
loaded by vLLM servers that are not pagefleet's. ``patches`` lists every function that it replaces.
"""
