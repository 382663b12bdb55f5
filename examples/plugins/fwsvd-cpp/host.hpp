// host.hpp - lathe.h with exceptions and destructors. Nothing here is about a method.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <initializer_list>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "lathe.h"

/// A failure on its way to `guarded`, which hands it to the host.
struct Failure : std::exception {
  lathe_status status;
  std::string text;
  Failure(lathe_status status, std::string text) : status(status), text(std::move(text)) {}
  const char *what() const noexcept override { return text.c_str(); }
};

/// Throws unless `status` is LATHE_OK. The host adds its own reason to `what`.
inline void check(lathe_status status, const char *what) {
  if (status != LATHE_OK) throw Failure(status, what);
}

/// Runs `body`. No exception may cross a C boundary, so every function of a table is one call of this.
template <typename Body>
lathe_status guarded(const lathe_host *host, Body &&body) noexcept {
  try {
    body();
    return LATHE_OK;
  } catch (const Failure &failure) {
    return host->fail(host, failure.status, failure.text.c_str());
  } catch (const std::bad_alloc &) {
    return host->fail(host, LATHE_ERR_NO_MEMORY, "no memory");
  } catch (const std::exception &error) {
    return host->fail(host, LATHE_ERR_INTERNAL, error.what());
  } catch (...) {
    return host->fail(host, LATHE_ERR_INTERNAL, "an unknown exception");
  }
}

/// An owned tensor.
struct Delete {
  void operator()(lathe_tensor *tensor) const { tensor->deleter(tensor); }
};
using Tensor = std::unique_ptr<lathe_tensor, Delete>;

template <typename T>
T *values(const Tensor &tensor) { return static_cast<T *>(tensor->data); }

/// The host during one call. A table that the strategy lists in required_extensions is there; others may be
/// null.
struct Host {
  const lathe_host *host;

  explicit Host(const lathe_host *host) : host(host) {}

  const lathe_host_params *params() const { return table<lathe_host_params>(LATHE_EXT_PARAMS); }
  const lathe_host_graph *graph() const { return table<lathe_host_graph>(LATHE_EXT_GRAPH); }
  const lathe_host_budget *budget() const { return table<lathe_host_budget>(LATHE_EXT_BUDGET); }
  const lathe_host_calibration *calibration() const {
    return table<lathe_host_calibration>(LATHE_EXT_CALIBRATION);
  }
  const lathe_host_training *training() const { return table<lathe_host_training>(LATHE_EXT_TRAINING); }
  const lathe_host_linalg *algebra() const { return table<lathe_host_linalg>(LATHE_EXT_LINALG); }
  const lathe_host_parallel *parallel() const { return table<lathe_host_parallel>(LATHE_EXT_PARALLEL); }
  const lathe_host_random *random() const { return table<lathe_host_random>(LATHE_EXT_RANDOM); }
  const lathe_host_workspace *store() const { return table<lathe_host_workspace>(LATHE_EXT_WORKSPACE); }
  const lathe_host_report *report() const { return table<lathe_host_report>(LATHE_EXT_REPORT); }

  lathe_node_info node(lathe_node index) const {
    lathe_node_info info{};
    info.struct_size = sizeof info;
    check(graph()->node(host, index, &info), "a layer could not be looked at");
    return info;
  }

  Tensor tensor(uint8_t bits, std::initializer_list<int64_t> shape) const {
    lathe_tensor *made = nullptr;
    check(host->new_tensor(host, {LATHE_FLOAT, bits, 1}, int32_t(shape.size()), shape.begin(), &made),
          "a tensor could not be made");
    return Tensor(made);
  }

  /// [out, in], float32, whatever the layer's form.
  Tensor denseWeight(lathe_node index) const {
    lathe_tensor *made = nullptr;
    check(graph()->dense_weight(host, index, &made), "a weight could not be read");
    return Tensor(made);
  }

  void stopIfCancelled() const {
    if (host->is_cancelled(host)) throw Failure(LATHE_ERR_CANCELLED, "cancelled");
  }

  void metric(lathe_node index, const char *key, double value) const {
    const lathe_host_report *report = this->report();
    if (report && LATHE_HAS(report, metric)) report->metric(host, index, key, value);
  }

 private:
  template <typename Table>
  const Table *table(const char *id) const {
    return static_cast<const Table *>(host->get_extension(host, id));
  }
};

/// A sum of one product of dense matrices, with the memory that its tables point into. Without tensors it is a
/// shape, good for prices and forecasts.
class Product {
 public:
  struct Matrix {
    int64_t rows, columns;
    lathe_tensor *values;
  };

  /// Factor 0 meets the input.
  explicit Product(std::initializer_list<Matrix> factors) {
    for (const Matrix &factor : factors) {
      lathe_matrix matrix{};
      matrix.struct_size = sizeof matrix;
      matrix.storage = LATHE_MATRIX_DENSE;
      matrix.rows = factor.rows;
      matrix.columns = factor.columns;
      matrix.values = factor.values;
      matrices_.push_back(matrix);
    }
    for (const lathe_matrix &matrix : matrices_) pointers_.push_back(&matrix);
    term_ = {sizeof term_, uint32_t(pointers_.size()), pointers_.data()};
    form_ = {sizeof form_, 1, &terms_, nullptr};
  }
  Product(const Product &) = delete;
  Product &operator=(const Product &) = delete;

  const lathe_linear *form() const { return &form_; }

 private:
  std::vector<lathe_matrix> matrices_;
  std::vector<const lathe_matrix *> pointers_;
  lathe_term term_{};
  const lathe_term *terms_ = &term_;
  lathe_linear form_{};
};
