//! SOAP 1.1 and 1.2: a DTD-free tree, exclusive canonicalisation, envelopes, faults, MTOM. No crypto, no I/O.
