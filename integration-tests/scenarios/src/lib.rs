//! One file a story, in `tests/`: each runs through real TLS sockets, real registers, the real broker and the real hosts.
