//! Any document/literal SOAP service as a register, driven by a mapping file.
