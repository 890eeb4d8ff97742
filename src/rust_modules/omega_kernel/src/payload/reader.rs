//! Reads states: numbers that are none are refused as they come, and the structure of a type can be told apart from
//! another's without any state at hand.

use serde::de::value::U32Deserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, SeqAccess, VariantAccess,
    Visitor,
};
use serde::{Deserialize, forward_to_deserialize_any};

type Result<T> = std::result::Result<T, postcard::Error>;

/// The bytes of a state, or none where only its structure is asked for.
pub(super) enum Reader<'de> {
    /// What is left of the bytes, and whether a number among those read was not finite.
    Bytes { rest: &'de [u8], not_finite: bool },
    /// A hash of the structure that was asked for so far. Of every enumeration the `variant`th is looked into, or the last;
    /// the most that any has is counted.
    Structure { hash: u64, variant: u32, most: u32 },
}

/// FNV-1a: short, and the same for ever.
const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// A number that changes with the names, order and types of a state's fields, and with nothing else.
pub(super) fn structure<'de, T: Deserialize<'de>>() -> u64 {
    let (mut hash, mut variant, mut most) = (OFFSET, 0, 1);
    while variant < most {
        let mut reader = Reader::Structure { hash, variant, most };
        // Zeros are states of their types; where one is not, what was asked for until then still tells.
        let _ = T::deserialize(&mut reader);
        if let Reader::Structure { hash: now, most: seen, .. } = reader {
            (hash, most) = (now, seen);
        }
        variant += 1;
    }
    hash
}

impl<'de> Reader<'de> {
    pub(super) fn new(bytes: &'de [u8]) -> Self {
        Self::Bytes { rest: bytes, not_finite: false }
    }

    /// The next value of a plain type, or its zero where there are no bytes.
    fn plain<T: Deserialize<'de> + Default>(&mut self, name: &str) -> Result<T> {
        match self {
            Self::Bytes { rest, .. } => {
                let (value, left) = postcard::take_from_bytes(rest)?;
                *rest = left;
                Ok(value)
            }
            Self::Structure { .. } => {
                self.note(name);
                Ok(T::default())
            }
        }
    }

    /// Adds a word to the structure.
    fn note(&mut self, word: &str) {
        if let Self::Structure { hash, .. } = self {
            for byte in word.bytes().chain([0]) {
                *hash = (*hash ^ u64::from(byte)).wrapping_mul(PRIME);
            }
        }
    }

    fn finite(&mut self, value: f64) -> Result<f64> {
        // Kernels are handed finite numbers and answer with such; the flag says what an error of postcard has no room for.
        match self {
            Self::Bytes { not_finite, .. } if !value.is_finite() => {
                *not_finite = true;
                Err(postcard::Error::custom("a number that is not finite"))
            }
            _ => Ok(value),
        }
    }

    /// How many items a list has that is read next: one, to see what they are made of, where there are no bytes.
    fn length(&mut self, name: &str) -> Result<usize> {
        let length: u64 = self.plain(name)?;
        match self {
            Self::Bytes { .. } => usize::try_from(length).map_err(postcard::Error::custom),
            Self::Structure { .. } => Ok(1),
        }
    }
}

macro_rules! plain {
    ($($deserialize:ident $visit:ident $type:ty;)+) => {$(
        fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            visitor.$visit(self.plain::<$type>(stringify!($type))?)
        }
    )+};
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = postcard::Error;

    plain! {
        deserialize_bool visit_bool bool;
        deserialize_u8 visit_u8 u8;
        deserialize_u16 visit_u16 u16;
        deserialize_u32 visit_u32 u32;
        deserialize_u64 visit_u64 u64;
        deserialize_i8 visit_i8 i8;
        deserialize_i16 visit_i16 i16;
        deserialize_i32 visit_i32 i32;
        deserialize_i64 visit_i64 i64;
        deserialize_u128 visit_u128 u128;
        deserialize_i128 visit_i128 i128;
        deserialize_char visit_char char;
        deserialize_str visit_borrowed_str &'de str;
        deserialize_string visit_borrowed_str &'de str;
        deserialize_bytes visit_borrowed_bytes &'de [u8];
        deserialize_byte_buf visit_borrowed_bytes &'de [u8];
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let value: f32 = self.plain("f32")?;
        visitor.visit_f32(self.finite(f64::from(value)).map(|_| value)?)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let value = self.plain("f64")?;
        visitor.visit_f64(self.finite(value)?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let tag: u8 = self.plain("option")?;
        // What is in it belongs to the structure.
        match if matches!(self, Reader::Structure { .. }) { 1 } else { tag } {
            0 => visitor.visit_none(),
            1 => visitor.visit_some(self),
            _ => Err(postcard::Error::DeserializeBadOption),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.note("unit");
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let left = self.length("list")?;
        visitor.visit_seq(Items { reader: self, left, fields: None })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, left: usize, visitor: V) -> Result<V::Value> {
        self.note("tuple");
        self.note(&left.to_string());
        visitor.visit_seq(Items { reader: self, left, fields: None })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        left: usize,
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_tuple(left, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.note("struct");
        visitor.visit_seq(Items { left: fields.len(), fields: Some(fields), reader: self })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.note("enum");
        variants.iter().for_each(|variant| self.note(variant));
        if let Reader::Structure { most, .. } = self {
            *most = (*most).max(variants.len() as u32);
        }
        let last = variants.len() as u32 - 1;
        visitor.visit_enum(Variants { reader: self, last })
    }

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value> {
        Err(postcard::Error::WontImplement)
    }

    forward_to_deserialize_any! { map identifier ignored_any }
}

/// The items of a list, a tuple or a struct.
struct Items<'a, 'de> {
    reader: &'a mut Reader<'de>,
    left: usize,
    fields: Option<&'static [&'static str]>,
}

impl<'de> SeqAccess<'de> for Items<'_, 'de> {
    type Error = postcard::Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        if self.left == 0 {
            self.reader.note("end");
            return Ok(None);
        }
        if let Some(fields) = self.fields {
            self.reader.note(fields[fields.len() - self.left]);
        }
        self.left -= 1;
        seed.deserialize(&mut *self.reader).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        None
    }
}

/// The variants of an enumeration, up to the `last`.
struct Variants<'a, 'de> {
    reader: &'a mut Reader<'de>,
    last: u32,
}

impl<'a, 'de> EnumAccess<'de> for Variants<'a, 'de> {
    type Error = postcard::Error;
    type Variant = &'a mut Reader<'de>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self::Variant)> {
        let number: u32 = self.reader.plain("variant")?;
        let number = match *self.reader {
            Reader::Structure { variant, .. } => variant.min(self.last),
            Reader::Bytes { .. } => number,
        };
        let number: U32Deserializer<postcard::Error> = number.into_deserializer();
        Ok((seed.deserialize(number)?, self.reader))
    }
}

impl<'de> VariantAccess<'de> for &mut Reader<'de> {
    type Error = postcard::Error;

    fn unit_variant(self) -> Result<()> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value> {
        self.deserialize_tuple(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_struct("", fields, visitor)
    }
}
