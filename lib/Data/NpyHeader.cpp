//===- NpyHeader.cpp - The header of an .npy file -------------------------===//
//
// In: the bytes of an .npy up to its data: a magic string, a version, a length
// and the text of a Python dictionary with `descr`, `fortran_order` and
// `shape`. Out: element type and shape, or the reverse. Refused: all else; the
// dictionary is parsed, never evaluated.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Data/Npy.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace lowbit;

static constexpr llvm::StringLiteral kMagic("\x93NUMPY");
/// NumPy itself refuses headers beyond 10,000 characters as unsafe to evaluate;
/// shapes and types that are read here need far less than this.
static constexpr int64_t kMaxHeader = 65'536;

namespace {
/// Reads the dictionary's text from the front. Every function returns false
/// where the text is not what it expects.
class DictParser {
public:
  explicit DictParser(llvm::StringRef text) : text(text) {}

  bool take(char c) {
    text = text.ltrim();
    return text.consume_front(llvm::StringRef(&c, 1));
  }
  bool atEnd() { return text.trim().empty(); }

  bool readString(std::string &value) {
    char quote = take('\'') ? '\'' : take('"') ? '"' : 0;
    size_t end = quote ? text.find(quote) : llvm::StringRef::npos;
    if (end == llvm::StringRef::npos)
      return false;
    value = text.take_front(end).str();
    text = text.drop_front(end + 1);
    return true;
  }

  bool readBool(bool &value) {
    text = text.ltrim();
    value = text.consume_front("True");
    return value || text.consume_front("False");
  }

  bool readShape(llvm::SmallVectorImpl<int64_t> &shape) {
    if (!take('('))
      return false;
    while (!take(')')) {
      int64_t dim = 0;
      text = text.ltrim();
      if (text.consumeInteger(10, dim) || dim < 0)
        return false;
      text.consume_front("L"); // Python 2 wrote long integers so.
      shape.push_back(dim);
      if (!take(',') && !text.ltrim().starts_with(")"))
        return false;
    }
    return true;
  }

private:
  llvm::StringRef text;
};
} // namespace

/// The element type of a `descr` such as `<f4`.
static llvm::Expected<DType> parseDescr(llvm::StringRef descr,
                                        const llvm::Twine &what) {
  llvm::StringRef type = descr;
  bool bigEndian = type.consume_front(">");
  if (!bigEndian)
    (void)(type.consume_front("<") || type.consume_front("|") ||
           type.consume_front("="));
  if (type.starts_with("O"))
    return llvm::createStringError(
        what + " holds Python objects; pickled data is not read; save an array "
               "of numbers");
  auto dtype = llvm::StringSwitch<std::optional<DType>>(type)
                   .Case("b1", DType::Bool)
                   .Case("i1", DType::I8)
                   .Case("u1", DType::U8)
                   .Case("i2", DType::I16)
                   .Case("u2", DType::U16)
                   .Case("i4", DType::I32)
                   .Case("u4", DType::U32)
                   .Case("i8", DType::I64)
                   .Case("u8", DType::U64)
                   .Case("f2", DType::F16)
                   .Case("f4", DType::F32)
                   .Case("f8", DType::F64)
                   .Default(std::nullopt);
  if (!dtype)
    return llvm::createStringError(
        what + " has elements of type '" + descr +
        "'; expected booleans, integers or floats of at most 64 bits; convert "
        "it with astype");
  if (bigEndian && byteSize(*dtype) > 1)
    return llvm::createStringError(what + " is big-endian ('" + descr +
                                   "'); convert it with astype('<" + type +
                                   "')");
  return *dtype;
}

/// Parses the dictionary.
static llvm::Expected<NpyHeader> parseDict(llvm::StringRef text,
                                           const llvm::Twine &what) {
  auto malformed = [&] {
    std::string shown;
    llvm::raw_string_ostream os(shown);
    llvm::printEscapedString(text.rtrim().take_front(200), os);
    return llvm::createStringError(
        what + " has a header that is not NumPy's: " + os.str() +
        "; save it with numpy.save");
  };
  DictParser parser(text);
  NpyHeader header;
  std::string descr;
  bool hasDescr = false, hasOrder = false, hasShape = false;
  if (!parser.take('{'))
    return malformed();
  while (!parser.take('}')) {
    std::string key;
    if (!parser.readString(key) || !parser.take(':'))
      return malformed();
    if (key == "descr" && !hasDescr) {
      if (parser.take('['))
        return llvm::createStringError(
            what + " is a structured array; expected one of plain numbers; "
                   "save each field by itself");
      hasDescr = parser.readString(descr);
    } else if (key == "fortran_order" && !hasOrder) {
      hasOrder = parser.readBool(header.fortranOrder);
    } else if (key == "shape" && !hasShape) {
      hasShape = parser.readShape(header.shape);
    } else {
      return malformed();
    }
    if (!parser.take(',')) {
      if (!parser.take('}'))
        return malformed();
      break;
    }
  }
  if (!hasDescr || !hasOrder || !hasShape || !parser.atEnd())
    return malformed();
  llvm::Expected<DType> dtype = parseDescr(descr, what);
  if (!dtype)
    return dtype.takeError();
  header.dtype = *dtype;
  if (!byteCount(header.dtype, header.shape))
    return llvm::createStringError(what + " has shape " +
                                   shapeString(header.shape) +
                                   ", which no memory holds");
  return header;
}

/// Whether the bytes that there are, header and data, are what the header calls
/// for.
static llvm::Error checkSize(const NpyHeader &header, const ByteSource &bytes) {
  int64_t actual = bytes.size() - header.headerSize;
  if (actual == header.dataSize())
    return llvm::Error::success();
  return llvm::createStringError(
      bytes.what() +
      (actual < header.dataSize() ? " is truncated: " : " is broken: ") +
      dtypeName(header.dtype) + shapeString(header.shape) + " needs " +
      llvm::Twine(header.dataSize()) + " bytes, there are " +
      llvm::Twine(actual) + "; save it again");
}

llvm::Expected<NpyHeader> lowbit::readNpyHeader(ByteSource &bytes) {
  std::string what = bytes.what();
  char prefix[12];
  llvm::Expected<int64_t> got = bytes.read(prefix, 8);
  if (!got)
    return got.takeError();
  if (*got < 8 || !llvm::StringRef(prefix, 8).starts_with(kMagic))
    return llvm::createStringError(
        what + " is not an .npy array: " +
        (*got < 8 ? "it has " + std::to_string(*got) + " bytes"
                  : std::string("it does not begin with NumPy's mark")) +
        "; save it with numpy.save or numpy.savez");
  int major = static_cast<unsigned char>(prefix[6]);
  if (major < 1 || major > 3)
    return llvm::createStringError(what + " has .npy version " +
                                   llvm::Twine(major) +
                                   "; versions 1 to 3 are read");
  int64_t lengthSize = major == 1 ? 2 : 4;
  auto truncated = [&](llvm::StringRef missing) {
    return llvm::createStringError(what + " is truncated: " + missing);
  };
  if (!(got = bytes.read(prefix + 8, lengthSize)))
    return got.takeError();
  if (*got < lengthSize)
    return truncated("it ends in the length of its header");
  int64_t length = major == 1 ? llvm::support::endian::read16le(prefix + 8)
                              : llvm::support::endian::read32le(prefix + 8);
  if (length > kMaxHeader)
    return llvm::createStringError(what + " has a header of " +
                                   llvm::Twine(length) + " bytes; at most " +
                                   llvm::Twine(kMaxHeader) + " are read");
  std::string text(length, '\0');
  if (!(got = bytes.read(text.data(), length)))
    return got.takeError();
  if (*got < length)
    return truncated("its header needs " + std::to_string(length) +
                     " bytes, there are " + std::to_string(*got));
  llvm::Expected<NpyHeader> header = parseDict(text, what);
  if (!header)
    return header;
  header->headerSize = 8 + lengthSize + length;
  if (llvm::Error e = checkSize(*header, bytes))
    return e;
  return header;
}

/// NumPy's name of a type, for little-endian data.
static llvm::StringRef descrOf(DType dtype) {
  switch (dtype) {
  case DType::Bool:
    return "|b1";
  case DType::I8:
    return "|i1";
  case DType::U8:
    return "|u1";
  case DType::I16:
    return "<i2";
  case DType::U16:
    return "<u2";
  case DType::I32:
    return "<i4";
  case DType::U32:
    return "<u4";
  case DType::I64:
    return "<i8";
  case DType::U64:
    return "<u8";
  case DType::F16:
    return "<f2";
  case DType::F32:
    return "<f4";
  case DType::F64:
    return "<f8";
  case DType::BF16:
    break;
  }
  assert(false && "NumPy has no bfloat16");
  return "<u2";
}

std::string lowbit::npyHeaderBytes(DType dtype, llvm::ArrayRef<int64_t> shape) {
  std::string dims;
  for (int64_t dim : shape)
    dims += (dims.empty() ? "" : " ") + std::to_string(dim) + ",";
  // A tuple of one keeps its comma, a longer one does not.
  if (shape.size() > 1)
    dims.pop_back();
  std::string dict = "{'descr': '" + descrOf(dtype).str() +
                     "', 'fortran_order': False, 'shape': (" + dims + "), }";
  // Spaces and a line end up to a multiple of 64.
  size_t total = llvm::alignTo(10 + dict.size() + 1, 64);
  dict.resize(total - 10 - 1, ' ');
  dict += '\n';
  std::string bytes = kMagic.str() + std::string("\x01\x00", 2);
  char length[2];
  llvm::support::endian::write16le(length, uint16_t(dict.size()));
  return bytes + std::string(length, 2) + dict;
}
