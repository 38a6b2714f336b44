//! The provider side: a ministry's own X-Road providers, as the register behind a host.
