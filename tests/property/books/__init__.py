"""A connection in one process and one event loop: the source's simulator, both hops, the sink, the ERP's writer and simulator; no network."""
