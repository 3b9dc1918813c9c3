//! BER as real mail contains it (X.690): indefinite lengths, constructed strings; bounded reading.
