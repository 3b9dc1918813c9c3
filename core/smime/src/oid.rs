//! Object identifiers of CMS, X.509 and S/MIME.
