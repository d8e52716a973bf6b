//! Members of archives, compressed files, container images and notebooks, read as streams within bounds.
