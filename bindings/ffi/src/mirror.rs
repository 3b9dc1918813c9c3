//! Enums without fields that stand for an enum of the client with the same variants.

/// `mirror! { Name = client::Name { Variant, … } }` makes the enum and the conversion from the client's;
/// `mirror! { both Name = … }` also the way back. A variant that is missing on either side does not compile.
macro_rules! mirror {
    (both $(#[$meta:meta])* $name:ident = $($source:ident)::+ { $($(#[$note:meta])* $variant:ident),+ $(,)? }) => {
        mirror! { $(#[$meta])* $name = $($source)::+ { $($(#[$note])* $variant),+ } }

        mirror! { @back $name, ($($source)::+), $($variant)+ }
    };
    ($(#[$meta:meta])* $name:ident = $($source:ident)::+ { $($(#[$note:meta])* $variant:ident),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
        pub enum $name {
            $($(#[$note])* $variant),+
        }

        mirror! { @from $name, ($($source)::+), $($variant)+ }
    };
    (@from $name:ident, $source:tt, $($variant:ident)+) => {
        impl From<mirror!(@type $source)> for $name {
            fn from(value: mirror!(@type $source)) -> Self {
                type Source = mirror!(@type $source);
                match value {
                    $(Source::$variant => Self::$variant),+
                }
            }
        }

        impl crate::mirror::Convert<$name> for mirror!(@type $source) {
            fn convert(self) -> $name {
                self.into()
            }
        }
    };
    (@back $name:ident, $source:tt, $($variant:ident)+) => {
        impl From<$name> for mirror!(@type $source) {
            fn from(value: $name) -> Self {
                match value {
                    $($name::$variant => Self::$variant),+
                }
            }
        }
    };
    (@type ($($source:ident)::+)) => { $($source)::+ };
}

pub(crate) use mirror;

/// Seconds since 1970-01-01T00:00:00Z.
pub(crate) fn seconds(time: client::UnixTime) -> i64 {
    i64::try_from(time.secs()).unwrap_or(i64::MAX)
}

pub(crate) fn optional_seconds(time: Option<client::UnixTime>) -> Option<i64> {
    time.map(seconds)
}

/// A size in memory, for the other side.
pub(crate) fn octets(size: usize) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
}

/// Every item converted.
pub(crate) fn all<T, U: From<T>>(items: impl IntoIterator<Item = T>) -> Vec<U> {
    items.into_iter().map(U::from).collect()
}

/// Conversion of what a view record consists of, through options and lists.
pub(crate) trait Convert<T> {
    fn convert(self) -> T;
}

impl<S: Convert<T>, T> Convert<Option<T>> for Option<S> {
    fn convert(self) -> Option<T> {
        self.map(S::convert)
    }
}

impl<S: Convert<T>, T> Convert<Vec<T>> for Vec<S> {
    fn convert(self) -> Vec<T> {
        self.into_iter().map(S::convert).collect()
    }
}

macro_rules! as_it_is {
    ($($type:ty),+) => {
        $(impl Convert<$type> for $type {
            fn convert(self) -> $type {
                self
            }
        })+
    };
}

as_it_is!(String, bool, u64, u32);

impl Convert<u8> for bool {
    fn convert(self) -> u8 {
        self.into()
    }
}

impl Convert<i64> for client::UnixTime {
    fn convert(self) -> i64 {
        seconds(self)
    }
}
