//! Real clients and judges that nobody here wrote, driven by the tests of this crate. No code of its own.
