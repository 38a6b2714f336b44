//! The real-estate register: SOAP 1.1 after ISO 19152.
