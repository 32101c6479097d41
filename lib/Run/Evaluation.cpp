//===- Evaluation.cpp - answers what choices cost -------------------------===//
//
// In: requests. Out: answers. Refused, each with an answer that says why:
// requests that cannot be read, unknown names and keys, parameters that do not
// fit. A request is checked whole before it changes anything.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Run/Evaluation.h"

#include "llvm/Support/MemoryBuffer.h"

#include <atomic>
#include <thread>

using namespace lowbit;
using llvm::StringRef;
using llvm::Twine;
namespace json = llvm::json;

llvm::Expected<std::unique_ptr<EvaluationServer>>
EvaluationServer::create(std::unique_ptr<ProbedModel> model, Samples &samples,
                         unsigned most, unsigned threads,
                         PaddingFilter *filter) {
  std::unique_ptr<EvaluationServer> server(new EvaluationServer());
  auto heldOut = samples.chooseHeldOut(most);
  if (!heldOut)
    return heldOut.takeError();
  server->model = std::move(model);
  server->threads = threads;
  server->total = samples.count();
  server->isHeldOut = heldOut->size() > 0;
  server->heldOutHash = heldOut->hash();
  std::vector<std::pair<uint64_t, Feed>> chosen;
  while (true) {
    auto feed = samples.next();
    if (!feed)
      return feed.takeError();
    if (!*feed)
      break;
    uint64_t hash = hashSample((*feed)->arrays);
    if (!server->isHeldOut || heldOut->take(hash))
      chosen.emplace_back(hash, std::move(**feed));
  }
  // Equal hashes are equal samples.
  llvm::sort(chosen, [](const auto &left, const auto &right) {
    return left.first < right.first;
  });
  for (auto &[hash, feed] : chosen)
    server->feeds.push_back(std::move(feed));
  std::vector<std::vector<NpyArray>> references(server->feeds.size());
  if (llvm::Error error = server->runSamples(
          references.size(), [] { return true; },
          [&](size_t sample, std::vector<NpyArray> outputs) {
            references[sample] = std::move(outputs);
          }))
    return std::move(error);
  if (llvm::Error error = server->setReferences(std::move(references), filter))
    return std::move(error);
  return server;
}

llvm::Error
EvaluationServer::setReferences(std::vector<std::vector<NpyArray>> references,
                                PaddingFilter *filter) {
  OutputError::Kept kept;
  for (size_t sample = 0; filter && sample < references.size(); ++sample) {
    if (llvm::Error error =
            filter->setMask(feeds[sample].arrays[filter->argument()]))
      return llvm::createStringError(nameOf(feeds[sample]) + ": " +
                                     llvm::toString(std::move(error)));
    auto &row = kept.emplace_back();
    for (auto [output, array] : llvm::enumerate(references[sample])) {
      auto blocks = filter->apply(std::to_string(output), array.shape);
      if (!blocks)
        return llvm::createStringError(nameOf(feeds[sample]) + ": output " +
                                       Twine(output) + ": " +
                                       llvm::toString(blocks.takeError()));
      row.push_back(std::move(*blocks));
    }
  }
  errors =
      std::make_unique<OutputError>(std::move(references), std::move(kept));
  std::vector<Feed> counted;
  for (auto [sample, feed] : llvm::enumerate(feeds))
    if (errors->counts(sample)) {
      numbers.push_back(sample);
      counted.push_back(std::move(feed));
    }
  leftOut = int64_t(feeds.size() - counted.size());
  feeds = std::move(counted);
  if (leftOut > 0 && feeds.empty())
    return llvm::createStringError(
        "the outputs of all " + Twine(leftOut) +
        " samples to evaluate on are nothing but padding; is it the right "
        "mask?");
  return llvm::Error::success();
}

llvm::Error EvaluationServer::runSamples(size_t count,
                                         llvm::function_ref<bool()> isWanted,
                                         OutputHandler onOutputs) {
  std::vector<std::string> problems(count);
  std::atomic<size_t> next = 0;
  std::atomic<bool> isStopped = false;
  auto work = [&] {
    for (size_t sample; !isStopped && (sample = next++) < count;) {
      if (!isWanted()) {
        isStopped = true;
        return;
      }
      auto outputs = model->run(feeds[sample].arrays);
      if (outputs)
        onOutputs(sample, std::move(*outputs));
      else
        problems[sample] = llvm::toString(outputs.takeError());
    }
  };
  std::vector<std::thread> others;
  for (size_t i = 1; i < std::min<size_t>(threads, count); ++i)
    others.emplace_back(work);
  work();
  for (std::thread &thread : others)
    thread.join();
  if (isStopped)
    return llvm::createStringError("nobody reads the answer");
  // The first one, whichever thread was faster.
  for (auto [feed, problem] : llvm::zip(feeds, problems))
    if (!problem.empty())
      return llvm::createStringError(nameOf(feed) + ": " + problem);
  return llvm::Error::success();
}

json::Value EvaluationServer::greeting() const {
  json::Array outputs;
  for (const InputSpec &output : model->signature().outputs)
    outputs.push_back(output.name);
  return json::Object{{"ready", true},
                      {"samples", int64_t(feeds.size())},
                      {"of", total},
                      {"held_out", isHeldOut},
                      {"left_out", leftOut},
                      {"held_out_hash", llvm::utohexstr(heldOutHash, true, 16)},
                      {"outputs", std::move(outputs)},
                      {"probes", json::Array(model->probes())},
                      {"weights", json::Array(model->weights())}};
}

//===----------------------------------------------------------------------===//
// Reading requests
//===----------------------------------------------------------------------===//

static llvm::Error checkKeys(const json::Object &object,
                             llvm::ArrayRef<StringRef> known) {
  for (const auto &[key, value] : object)
    if (!llvm::is_contained(known, StringRef(key)))
      return llvm::createStringError("unknown key '" + StringRef(key) +
                                     "'; there is " + llvm::join(known, ", "));
  return llvm::Error::success();
}

/// A number, or an array of numbers.
template <typename Number>
static llvm::Expected<std::vector<Number>>
readNumbers(const json::Object &object, StringRef key) {
  std::vector<Number> numbers;
  auto add = [&](const json::Value &value) {
    if constexpr (std::is_floating_point_v<Number>) {
      if (auto number = value.getAsNumber()) {
        numbers.push_back(Number(*number));
        return true;
      }
    } else if (auto number = value.getAsInteger();
               number && *number == Number(*number)) {
      numbers.push_back(Number(*number));
      return true;
    }
    return false;
  };
  const json::Value *value = object.get(key);
  bool isRead = value != nullptr;
  if (const json::Array *array = value ? value->getAsArray() : nullptr)
    isRead = llvm::all_of(*array, add);
  else if (value)
    isRead = add(*value);
  if (!isRead)
    return llvm::createStringError(
        "'" + key + "' should be a number or an array of numbers");
  return numbers;
}

static llvm::Expected<int32_t> readBound(const json::Object &object,
                                         StringRef key) {
  auto numbers = readNumbers<int32_t>(object, key);
  if (!numbers)
    return numbers.takeError();
  if (numbers->size() != 1)
    return llvm::createStringError("'" + key + "' should be one integer");
  return numbers->front();
}

static llvm::Expected<ValueParameters>
readParameters(const json::Object &value) {
  ValueParameters result;
  if (llvm::Error error = checkKeys(
          value, {"id", "scale", "zero_point", "min", "max", "block"}))
    return std::move(error);
  if (!value.get("scale"))
    return result;
  auto scales = readNumbers<float>(value, "scale");
  if (!scales)
    return scales.takeError();
  auto zeroPoints = readNumbers<int32_t>(value, "zero_point");
  if (!zeroPoints)
    return zeroPoints.takeError();
  auto min = readBound(value, "min");
  if (!min)
    return min.takeError();
  auto max = readBound(value, "max");
  if (!max)
    return max.takeError();
  if (value.get("block")) {
    auto block = readNumbers<int64_t>(value, "block");
    if (!block)
      return block.takeError();
    result.block.assign(block->begin(), block->end());
  }
  if (scales->size() != zeroPoints->size())
    return llvm::createStringError("there are " + Twine(scales->size()) +
                                   " scales and " + Twine(zeroPoints->size()) +
                                   " zero points");
  if (scales->empty())
    return llvm::createStringError("'scale' is empty; leave it out for float");
  result.range = {*min, *max};
  for (auto [scale, zeroPoint] : llvm::zip(*scales, *zeroPoints))
    result.params.push_back({scale, zeroPoint});
  return result;
}

//===----------------------------------------------------------------------===//
// Requests
//===----------------------------------------------------------------------===//

llvm::Expected<json::Object>
EvaluationServer::set(const json::Object &request) {
  if (llvm::Error error = checkKeys(request, {"set"}))
    return std::move(error);
  const json::Array *values = request.getArray("set");
  if (!values)
    return llvm::createStringError("'set' should be an array of values");
  std::vector<std::pair<std::string, ValueParameters>> read;
  for (const json::Value &value : *values) {
    const json::Object *object = value.getAsObject();
    auto id = object ? object->getString("id") : std::nullopt;
    if (!id)
      return llvm::createStringError("a value should be an object with 'id'");
    auto parameters = readParameters(*object);
    if (!parameters)
      return llvm::createStringError(
          "value '" + *id + "': " + llvm::toString(parameters.takeError()));
    if (llvm::Error error = model->check(*id, *parameters))
      return std::move(error);
    read.emplace_back(id->str(), std::move(*parameters));
  }
  for (const auto &[id, parameters] : read)
    if (llvm::Error error = model->set(id, parameters))
      return std::move(error);
  return json::Object{{"values", int64_t(read.size())}};
}

llvm::Expected<json::Object>
EvaluationServer::load(const json::Object &request) {
  if (llvm::Error error = checkKeys(request, {"load", "file"}))
    return std::move(error);
  auto name = request.getString("load");
  auto file = request.getString("file");
  if (!name || (request.get("file") && !file))
    return llvm::createStringError(
        "'load' should be the name of a parameter, and 'file' a path");
  std::vector<char> bytes;
  if (file) {
    auto buffer = llvm::MemoryBuffer::getFile(*file, /*IsText=*/false,
                                              /*RequiresNullTerminator=*/false);
    if (!buffer)
      return llvm::createStringError("cannot open '" + *file +
                                     "': " + buffer.getError().message());
    StringRef content = (*buffer)->getBuffer();
    if (content.empty())
      return llvm::createStringError("'" + *file + "' is empty");
    bytes.assign(content.begin(), content.end());
  }
  size_t size = bytes.size();
  if (llvm::Error error = model->load(*name, std::move(bytes)))
    return std::move(error);
  return json::Object{{"bytes", int64_t(size)}};
}

llvm::Expected<json::Object>
EvaluationServer::evaluate(const json::Object &request,
                           llvm::function_ref<bool()> isWanted) {
  if (llvm::Error error = checkKeys(request, {"evaluate"}))
    return std::move(error);
  auto wanted = request.getInteger("evaluate");
  if (!wanted || *wanted < 0 || *wanted > int64_t(feeds.size()))
    return llvm::createStringError(
        "'evaluate' should be a number of samples, at most " +
        Twine(feeds.size()) + "; 0 is all");
  size_t count = *wanted == 0 ? feeds.size() : size_t(*wanted);
  std::vector<std::vector<std::optional<double>>> db(count);
  if (llvm::Error error = runSamples(
          count, isWanted, [&](size_t sample, std::vector<NpyArray> outputs) {
            size_t number = numbers[sample];
            for (auto [output, result] : llvm::enumerate(outputs)) {
              auto &term = db[sample].emplace_back();
              if (errors->counts(number, output))
                term = errors->decibels(number, output, result);
            }
          }))
    return std::move(error);
  json::Array bySample;
  double sum = 0;
  size_t terms = 0;
  for (const auto &sample : db) {
    json::Array row;
    for (std::optional<double> term : sample) {
      sum += term.value_or(0);
      terms += term.has_value();
      row.push_back(term ? json::Value(*term) : json::Value(nullptr));
    }
    bySample.push_back(std::move(row));
  }
  return json::Object{{"mean_db", terms ? sum / double(terms) : 0.0},
                      {"db", std::move(bySample)}};
}

json::Value EvaluationServer::answer(StringRef request,
                                     llvm::function_ref<bool()> isWanted) {
  auto reply = [&]() -> llvm::Expected<json::Object> {
    auto parsed = json::parse(request);
    if (!parsed)
      return parsed.takeError();
    const json::Object *object = parsed->getAsObject();
    if (object && object->get("set"))
      return set(*object);
    if (object && object->get("load"))
      return load(*object);
    if (object && object->get("evaluate"))
      return evaluate(*object, isWanted);
    return llvm::createStringError(
        "a request should be an object with 'set', 'load' or 'evaluate'");
  }();
  if (reply)
    return std::move(*reply);
  return json::Object{
      {"error", json::fixUTF8(llvm::toString(reply.takeError()))}};
}
