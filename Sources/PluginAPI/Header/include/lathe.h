/* lathe.h - the plugin ABI of Lathe, version 1.0
 *
 * A strategy that compresses language models is a shared object that exports ONE
 * function, lathe_entry. Everything else travels through the tables below. This
 * header needs only <stddef.h> and <stdint.h> and compiles as C99, as C++11 and as
 * a Swift clang module. docs/ABI.md explains it; docs/PLUGINS.md is the tutorial.
 *
 * RULES THAT HOLD EVERYWHERE
 *  1. Evolution.  Every table starts with struct_size. Fields are only ever
 *     appended; a field is present iff LATHE_HAS(table, field). Signatures never
 *     change: a new shape is a new field or a new extension id. New enum values may
 *     appear in a minor version; a reader that does not know one says
 *     LATHE_ERR_UNSUPPORTED.
 *  2. Ownership.  Whoever allocated frees. Nothing crosses the boundary to be
 *     free()d by the other side: tensors carry a deleter, text is copied.
 *  3. Lifetime.  A `const lathe_host *` and everything borrowed through it is valid
 *     until the call that received it returns, and not longer. Extension tables
 *     are constant and live as long as the process.
 *  4. Errors.  Return lathe_status. Before returning non-zero say why:
 *     `return host->fail(host, LATHE_ERR_NUMERICAL, "...")`.
 *     No exception, panic, longjmp or trap may leave a function of this ABI.
 *  5. Threads.  Functions are tagged [serial] (never concurrent with any other call
 *     on this instance), [block] (may run concurrently for different blocks if
 *     LATHE_STRATEGY_BLOCK_PARALLEL is set) or [any] (thread-safe). A strategy
 *     starts no threads of its own; it borrows lathe.parallel/1.
 *  6. Determinism.  The only randomness is the seed. The floating-point environment
 *     (round to nearest, denormals on) is left as it was found.
 *  7. Text is NUL-terminated UTF-8. Numbers are fixed width. A yes or no is an int32_t:
 *     0 is no, anything else is yes.
 */
#ifndef LATHE_H
#define LATHE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LATHE_ABI_MAJOR 1
#define LATHE_ABI_MINOR 0
#define LATHE_ENTRY_SYMBOL "lathe_entry"

#if defined(__GNUC__)
#define LATHE_EXPORT __attribute__((visibility("default")))
#else
#define LATHE_EXPORT
#endif

/* True if `table` (a pointer) is large enough to contain `field` and it is set. */
#define LATHE_HAS(table, field)                                                      \
  ((table)->struct_size >=                                                           \
     (uint32_t)((const char *)(&(table)->field + 1) - (const char *)(table)) &&      \
   (table)->field != 0)

/* ------------------------------------------------------------------------ status */

typedef int32_t lathe_status;
enum {
  LATHE_OK = 0,
  LATHE_ERR_CANCELLED = 1,   /* is_cancelled() was true; not a failure               */
  LATHE_ERR_INVALID = 2,     /* a parameter or request makes no sense                */
  LATHE_ERR_UNSUPPORTED = 3, /* right question, but this model or host cannot        */
  LATHE_ERR_NO_MEMORY = 4,
  LATHE_ERR_NUMERICAL = 5,   /* did not converge, not positive definite, NaN         */
  LATHE_ERR_CONTRACT = 6,    /* the other side broke a rule of this header           */
  LATHE_ERR_INTERNAL = 7
};

typedef int32_t lathe_log_level;
enum { LATHE_LOG_DEBUG = 0, LATHE_LOG_INFO = 1, LATHE_LOG_WARNING = 2, LATHE_LOG_ERROR = 3 };

/* ----------------------------------------------------------------------- tensors */

typedef struct lathe_dtype { /* = DLDataType; {0,0,0} means "unspecified" */
  uint8_t code;              /* LATHE_INT ... LATHE_BFLOAT */
  uint8_t bits;
  uint16_t lanes;            /* 1 */
} lathe_dtype;
enum { LATHE_INT = 0, LATHE_UINT = 1, LATHE_FLOAT = 2, LATHE_BFLOAT = 4 };

enum { LATHE_TENSOR_READ_ONLY = 1 }; /* lathe_tensor.flags, = DLPACK_FLAG_BITMASK_READ_ONLY */

/* Byte for byte a DLManagedTensorVersioned (DLPack 1.1): a pointer may be cast either
 * way. The profile used here is narrower than DLPack: CPU memory, row-major compact,
 * strides present when ndim > 0, byte_offset 0, little-endian. Tensors from new_tensor
 * and dense_weight are 64-byte aligned. A borrowed one that views a file may lie at any
 * address, an odd one too: read its elements with memcpy. */
typedef struct lathe_tensor {
  uint32_t dlpack_major;
  uint32_t dlpack_minor;
  void *manager_ctx;
  void (*deleter)(struct lathe_tensor *tensor); /* [any] called once, by the owner */
  uint64_t flags;
  void *data;
  int32_t device_type; /* 1 = CPU */
  int32_t device_id;
  int32_t ndim;
  lathe_dtype dtype;
  int64_t *shape;
  int64_t *strides;
  uint64_t byte_offset;
} lathe_tensor;

/* -------------------------------------------------------------------------- host */

/* A handle, made anew for each call of the plugin. */
typedef struct lathe_host lathe_host;
struct lathe_host {
  uint32_t struct_size;
  uint16_t abi_major;
  uint16_t abi_minor;
  void *host_data; /* the host's, opaque */
  const char *name;
  const char *version;
  uint64_t seed; /* the only source of randomness a strategy may use */

  /* [any] A host service by id ("lathe.graph/1"), or NULL. */
  const void *(*get_extension)(const lathe_host *host, const char *id);
  /* [any] */
  void (*log)(const lathe_host *host, lathe_log_level level, const char *message);
  /* [any] Records the reason for a failure and returns `code`. */
  lathe_status (*fail)(const lathe_host *host, lathe_status code, const char *message);
  /* [any] Non-zero once the user asked to stop. Poll before each layer, and within one at
   * least every 100 ms of work. lathe.parallel and lathe.linalg poll on the plugin's behalf. */
  int32_t (*is_cancelled)(const lathe_host *host);
  /* [any] `fraction` in 0...1 of the current call, which is one block or less of the stage.
   * The host counts blocks by itself and shows `activity` to the user with the id of the
   * strategy before it; it need not show the fraction. */
  void (*progress)(const lathe_host *host, double fraction, const char *activity);
  /* [any] A zeroed, 64-byte aligned tensor, owned by the caller. An extent may be 0. */
  lathe_status (*new_tensor)(const lathe_host *host, lathe_dtype dtype, int32_t ndim,
                             const int64_t *shape, lathe_tensor **out);
};

/* -------------------------------------------------------------------- parameters */

typedef int32_t lathe_param_type;
enum {
  LATHE_PARAM_BOOL = 0, LATHE_PARAM_INT = 1, LATHE_PARAM_FLOAT = 2, LATHE_PARAM_STRING = 3,
  LATHE_PARAM_CHOICE = 4, LATHE_PARAM_FLOAT_LIST = 5
};
enum { LATHE_PARAM_REQUIRED = 1, LATHE_PARAM_ADVANCED = 2, LATHE_PARAM_DEPRECATED = 4 };

/* The host parses the recipe, checks types and ranges, fills in defaults and prints
 * the help. The keys strategy, keep, include, exclude, overrides, seed, isolate
 * and plugin_sha256 belong to the host. */
typedef struct lathe_param {
  uint32_t struct_size;
  lathe_param_type type;
  uint32_t flags;
  uint32_t choice_count;
  const char *key;           /* [a-z0-9_]+, never renamed                          */
  const char *summary;       /* one line, shown by `lathe plugins info`            */
  const char *default_value; /* as a user would type it; NULL iff required         */
  double minimum;            /* inclusive; -inf / +inf when unbounded              */
  double maximum;
  const char *const *choices;
} lathe_param;

/* -------------------------------------------------------------- strategy, module */

typedef uint32_t lathe_node; /* a stable index, not a pointer */
#define LATHE_NODE_NONE 0xffffffffu

typedef struct lathe_instance lathe_instance;
struct lathe_instance {
  uint32_t struct_size;
  uint32_t reserved;
  void *strategy_data; /* the plugin's, opaque */

  /* [serial] Called exactly once, also after an error. */
  void (*destroy)(lathe_instance *instance);
  /* [serial] Read the graph, ask for statistics. Must be cheap. */
  lathe_status (*plan)(lathe_instance *instance, const lathe_host *host);
  /* [block] NULL if unused. Look at one block's statistics; keep a small summary. Called
   * for the blocks 0 and up only: there are no statistics of other linears. */
  lathe_status (*analyze)(lathe_instance *instance, const lathe_host *host, int32_t block);
  /* [serial] NULL if unused. Distribute the global budget (ranks, bits). */
  lathe_status (*allocate)(lathe_instance *instance, const lathe_host *host);
  /* [block] Replace linears of one block (block -1: those outside the blocks). All or
   * nothing: on error the host forgets every replacement made by this call. */
  lathe_status (*compress)(lathe_instance *instance, const lathe_host *host, int32_t block);
  /* [serial] NULL if unused. After the last block; may still replace. */
  lathe_status (*finish)(lathe_instance *instance, const lathe_host *host);
  /* [any] NULL if unknown before the work. Calls replace_linear for `node`, and no other
   * node, with the shapes, and no values, that compress would give it in the form that
   * this handle shows; does nothing where compress would leave it as it is. May be called
   * at any time after create. It is how `lathe plan` forecasts, and how the host prices a
   * form for the stages before this one: they compare many forms, and most of those will
   * never be made. An error ends the run; where shapes cannot be told leave this NULL. After
   * allocate it must say what compress will do. lathe.budget/1 and the other nodes are
   * those of this stage. */
  lathe_status (*forecast)(lathe_instance *instance, const lathe_host *host, lathe_node node);
  /* [any] NULL if unused. An optional interface of this instance by id, or NULL. */
  const void *(*get_extension)(lathe_instance *instance, const char *id);
};

enum {
  LATHE_STRATEGY_BLOCK_PARALLEL = 1, /* [block] calls may run concurrently; a permission, of
                                        which Lathe 0.1.0 makes no use: one block at a time */
  LATHE_STRATEGY_IN_ORDER = 2,       /* compress needs the blocks in order            */
  LATHE_STRATEGY_TAKES_BUDGET = 4,   /* meets a byte target (`keep`) through lathe.budget/1 */
  LATHE_STRATEGY_TAKES_OVERRIDES = 8 /* reads the parameters of each node by node_int, ...  */
};

typedef struct lathe_strategy lathe_strategy;
struct lathe_strategy {
  uint32_t struct_size;
  uint32_t flags;
  const char *id;        /* [a-z0-9.-]+, never changes                               */
  const char *name;
  const char *version;   /* of the strategy, semver                                  */
  const char *summary;
  const char *reference; /* paper or page, may be ""                                 */
  const char *const *required_extensions; /* NULL-terminated; checked before create  */
  const char *const *optional_extensions; /* NULL-terminated                         */
  const lathe_param *const *params;       /* pointers: entries may differ in size    */
  uint64_t param_count;
  uint64_t declared_stats; /* bit k set: plan() may request lathe_stat k             */
  /* [any] Parameters are already validated; read them with lathe.params/1. */
  lathe_status (*create)(const lathe_strategy *strategy, const lathe_host *host,
                         lathe_instance **out);
};

typedef struct lathe_module { /* the first 16 bytes never change */
  uint32_t struct_size;
  uint16_t abi_major;      /* LATHE_ABI_MAJOR the module was built with */
  uint16_t abi_minor;
  uint16_t min_host_minor; /* oldest host minor it can live with        */
  uint16_t reserved;
  uint32_t strategy_count;
  const lathe_strategy *const *strategies;
  const char *vendor;
  const char *license;
} lathe_module;

typedef struct lathe_entry_info {
  uint32_t struct_size;
  uint16_t abi_major;
  uint16_t abi_minor;
  const char *module_path;
} lathe_entry_info;

/* The one exported symbol. Side-effect free, idempotent, callable from any thread,
 * fast: it only returns the address of constant data. */
typedef const lathe_module *(*lathe_entry_fn)(const lathe_entry_info *info);

/* -------------------------------------------------------- extension lathe.params/1 */

#define LATHE_EXT_PARAMS "lathe.params/1"
typedef struct lathe_host_params {
  uint32_t struct_size;
  uint32_t reserved;
  /* [any] get_*: during create only. Defaults are filled in; only an undeclared key or a
   * wrong type fails. A bool reads as int 0 or 1, a choice as text. Text and lists
   * are borrowed. */
  lathe_status (*get_int)(const lathe_host *host, const char *key, int64_t *out);
  lathe_status (*get_float)(const lathe_host *host, const char *key, double *out);
  lathe_status (*get_text)(const lathe_host *host, const char *key, const char **out);
  lathe_status (*get_float_list)(const lathe_host *host, const char *key, const double **out,
                                 uint64_t *count);
  /* [any] node_*: in every call. The same for one node, with the recipe's overrides for it;
   * where there are none, the stage's own value. */
  lathe_status (*node_int)(const lathe_host *host, lathe_node node, const char *key, int64_t *out);
  lathe_status (*node_float)(const lathe_host *host, lathe_node node, const char *key, double *out);
  lathe_status (*node_text)(const lathe_host *host, lathe_node node, const char *key,
                            const char **out);
} lathe_host_params;

/* --------------------------------------------------------- extension lathe.graph/1 */

#define LATHE_EXT_GRAPH "lathe.graph/1"

enum { LATHE_NODE_LINEAR = 1 };
enum {
  LATHE_ROLE_OTHER = 0, LATHE_ROLE_QUERY = 1, LATHE_ROLE_KEY = 2, LATHE_ROLE_VALUE = 3,
  LATHE_ROLE_ATTENTION_OUT = 4, LATHE_ROLE_GATE = 5, LATHE_ROLE_UP = 6, LATHE_ROLE_DOWN = 7,
  LATHE_ROLE_LM_HEAD = 8
};

typedef struct lathe_model_info {
  uint32_t struct_size; /* set by the caller */
  int32_t block_count;
  const char *architecture;
  int64_t hidden_size;
  int64_t vocabulary_size;
  uint64_t stored_bytes; /* of all tensors now, after earlier stages */
} lathe_model_info;

enum { LATHE_NODE_SELECTED = 1 }; /* the recipe's include/exclude allow replacing it */

typedef struct lathe_node_info {
  uint32_t struct_size; /* set by the caller */
  int32_t kind;
  int32_t role;
  int32_t block; /* -1 outside the blocks */
  uint32_t flags;
  uint32_t input_group; /* equal for nodes that read the same input */
  const char *name;     /* "model.layers.3.self_attn.q_proj" */
  int64_t in_features;
  int64_t out_features;
  uint64_t stored_bytes; /* of its factors now */
  lathe_dtype dtype;     /* the element type its dense factors are stored in */
  uint32_t reserved;
} lathe_node_info;

/* A matrix [rows, columns] as it is stored.
 *   DENSE            values [rows, columns]
 *   DIAGONAL         values [rows], rows == columns
 *   GROUP_QUANTIZED  w[i,j] = scales[i,g] * (values[i,j] - zero_points[i,g]), g = j / group_size:
 *                    values u8 [rows, columns], codes below 2^bits, one per byte;
 *                    scales [rows, groups]; zero_points u8 [rows, groups] or NULL for the
 *                    middle code 2^(bits-1); group_size 0 means the whole row; the last
 *                    group of a row may be shorter. The host packs the codes.
 *   CODEBOOK         w[i,j] = scales[i,g] * codebook[values[i,j]]: codes, scales and groups as
 *                    above; codebook [2^bits] real numbers, stored as float32; no zero points
 * `dtype` says how dense or diagonal values, or the scales, are stored; unspecified
 * means the node's own element type. Values given in another real type are rounded, and a
 * later stage is lent what they were rounded to. In a matrix that the host lends `dtype`
 * is the type of its values or scales, and never unspecified.
 * A shape-only matrix (forecast, cost) has no values; then LATHE_MATRIX_ZERO_POINTS
 * tells whether it will have zero points. */
enum {
  LATHE_MATRIX_DENSE = 1, LATHE_MATRIX_DIAGONAL = 2, LATHE_MATRIX_GROUP_QUANTIZED = 3,
  LATHE_MATRIX_CODEBOOK = 4
};
enum { LATHE_MATRIX_ZERO_POINTS = 1 };
typedef struct lathe_matrix {
  uint32_t struct_size;
  int32_t storage;
  int64_t rows;
  int64_t columns;
  lathe_tensor *values;
  lathe_tensor *scales;      /* GROUP_QUANTIZED and CODEBOOK only */
  lathe_tensor *zero_points; /* NULL = symmetric     */
  int32_t group_size;
  int32_t bits;
  lathe_dtype dtype;
  uint32_t flags;
  lathe_tensor *codebook; /* CODEBOOK only */
} lathe_matrix;

/* A product F[n-1] ... F[1] F[0]; factors[0] meets the input. */
typedef struct lathe_term {
  uint32_t struct_size;
  uint32_t factor_count;
  const lathe_matrix *const *factors;
} lathe_term;

/* y = sum over terms of (F[n-1] ... F[0]) x, plus bias. A dense layer is one term of one
 * factor, a low-rank layer one term of two, a quantised weight with a low-rank
 * correction two terms. Stages compose because each maps such sums to such sums. */
typedef struct lathe_linear {
  uint32_t struct_size;
  uint32_t term_count;
  const lathe_term *const *terms;
  lathe_tensor *bias; /* [out], or NULL if none; in a replacement NULL keeps the old one */
} lathe_linear;

typedef struct lathe_host_graph {
  uint32_t struct_size;
  uint32_t reserved;
  lathe_status (*model)(const lathe_host *host, lathe_model_info *info);                 /* [any] */
  uint32_t (*node_count)(const lathe_host *host);                                        /* [any] */
  lathe_status (*node)(const lathe_host *host, lathe_node node, lathe_node_info *info);  /* [any] */
  /* [any] Borrowed. The matrices are shape-only in create and forecast, and in a plan that
   * only a forecast follows. They may be handed back in replace_linear. */
  lathe_status (*linear)(const lathe_host *host, lathe_node node, const lathe_linear **out);
  /* [any] Owned by the caller: the sum of all terms' products, float32 [out, in].
   * Fails with LATHE_ERR_NUMERICAL where the stored weights are not finite. */
  lathe_status (*dense_weight)(const lathe_host *host, lathe_node node, lathe_tensor **out);
  /* [block] During compress (own block), finish and forecast, for selected nodes; not
   * from within lathe.parallel. The host copies what it needs at once; all tensors stay the caller's. */
  lathe_status (*replace_linear)(const lathe_host *host, lathe_node node, const lathe_linear *form);
  /* [any] Which features of the node's input scale_input must scale alike: int32 [in], equal
   * numbers for equal scales, the numbers 0, 1, ... all in use. Owned by the caller.
   * LATHE_ERR_UNSUPPORTED, with the reason, where nothing can absorb a scale. */
  lathe_status (*scale_classes)(const lathe_host *host, lathe_node node, lathe_tensor **out);
  /* [block] During compress, own block. Divides the input of every node of the node's input
   * group by `scales`, float32 [in], positive and finite: in the norm before it, or in the rows
   * of the layer before it (up for down, value for attention output), whose bias goes along.
   * Those rows are seen by linear and dense_weight at once. Every node of the group must then be
   * given a replacement for the new input, W diag(scales), in the same call. Writes to `scales`
   * what was divided by once the norm is rounded to its stored type. */
  lathe_status (*scale_input)(const lathe_host *host, lathe_node node, lathe_tensor *scales);
} lathe_host_graph;

/* -------------------------------------------------------- extension lathe.budget/1 */

#define LATHE_EXT_BUDGET "lathe.budget/1"
typedef struct lathe_host_budget {
  uint32_t struct_size;
  uint32_t reserved;
  /* [any] The bytes that the selected nodes may take together, in the prices of cost().
   * LATHE_ERR_UNSUPPORTED where the recipe gives this stage no budget. */
  lathe_status (*target)(const lathe_host *host, uint64_t *bytes);
  /* [any] The bytes `form` (shapes suffice) will take as `node` in the finished
   * checkpoint, that is after the later stages of the recipe. Biases are not counted. */
  lathe_status (*cost)(const lathe_host *host, lathe_node node, const lathe_linear *form,
                       uint64_t *bytes);
} lathe_host_budget;

/* --------------------------------------------------- extension lathe.calibration/1 */

#define LATHE_EXT_CALIBRATION "lathe.calibration/1"

typedef int32_t lathe_stat;
enum {
  LATHE_STAT_INPUT_GRAM = 1,           /* [in, in]    sum over tokens of x xT              */
  LATHE_STAT_INPUT_ABS_MEAN = 2,       /* [in]        mean |x|                             */
  LATHE_STAT_INPUT_SAMPLE = 3,         /* [rows, in]  raw rows, chosen by the seed         */
  LATHE_STAT_OUTPUT_GRAM = 4,          /* [out, out]  sum of W x xT WT, bias excluded      */
  LATHE_STAT_BLOCK_SIMILARITY = 5,     /* [1]         mean over tokens of 1 - cos(block
                                                      input, block output), residual stream */
  LATHE_STAT_WEIGHT_GRADIENT = 6,      /* [out, in]   d loss / d W, summed                 */
  LATHE_STAT_GRADIENT_SQUARED = 7,     /* [out, in]   diagonal Fisher information          */
  LATHE_STAT_INPUT_CROSS_GRAM = 8,     /* [in, in]    sum of x_original x_compressed^T     */
  LATHE_STAT_OUTPUT_GRADIENT_GRAM = 9, /* [out, out]  sum of g gT, g = d loss / d y        */
  LATHE_STAT_INPUT_STACKED_GRAM = 10   /* [in, in]    sum of m mT, m the mean of x at one
                                                      position over a group of windows     */
};

enum {
  /* Inputs come through the blocks this stage already compressed; otherwise through the
   * model as it entered the stage. Only for compress. */
  LATHE_STAT_UPSTREAM_COMPRESSED = 1,
  /* When the statistic is read; neither means both. Asking for less saves a pass. */
  LATHE_STAT_FOR_ANALYZE = 2,
  LATHE_STAT_FOR_COMPRESS = 4
};

typedef struct lathe_stat_request {
  uint32_t struct_size;
  lathe_stat kind;
  lathe_node node;
  uint32_t flags;
  lathe_dtype dtype; /* float32 or float64 of the result; sums are always float64 */
  uint32_t reserved;
  uint64_t max_rows; /* INPUT_SAMPLE: rows at most; INPUT_STACKED_GRAM: windows of a group;
                        BLOCK_SIMILARITY: tokens that suffice, and a phase for which nothing
                        more is requested reads no more, taken evenly; 0: all */
} lathe_stat_request;

typedef struct lathe_host_calibration {
  uint32_t struct_size;
  uint32_t reserved;
  /* [serial] During plan only. Asking twice for the same thing, or for equal inputs of
   * several nodes (q, k and v; gate and up), costs once. */
  lathe_status (*request)(const lathe_host *host, const lathe_stat_request *request);
  /* [block] During analyze and compress, for nodes of that block; not from within
   * lathe.parallel. `flags` is 0 or
   * LATHE_STAT_UPSTREAM_COMPRESSED, as requested. Borrowed, aligned as its elements are. */
  lathe_status (*stat)(const lathe_host *host, lathe_node node, lathe_stat kind, uint32_t flags,
                       const lathe_tensor **out, uint64_t *token_count);
} lathe_host_calibration;

/* ------------------------------------------------------ extension lathe.training/1 */

/* Loss and gradients, for strategies that learn: during allocate and finish only.
 *
 * A batch is one window of text. The calibration set are the windows that statistics are
 * summed over; the held-out set are other windows of the same text, for watching a loss
 * that is not trained on. It may be empty. Every call takes the mean over its batches:
 * each window has the same number of predicted tokens. */
#define LATHE_EXT_TRAINING "lathe.training/1"

enum { LATHE_BATCHES_CALIBRATION = 0, LATHE_BATCHES_HELD_OUT = 1 };
#define LATHE_FACTOR_BIAS 0xffffffffu

typedef struct lathe_factor_ref { /* fixed for ever: 16 bytes */
  lathe_node node;
  uint32_t term;   /* 0 for the bias */
  uint32_t factor; /* index into the term's factors, or LATHE_FACTOR_BIAS */
  uint32_t reserved;
} lathe_factor_ref;

/* The tokens to predict are drawn from the distribution of the model with its trials and not
 * taken from the text: squares of such gradients estimate the Fisher information. The draw
 * follows from seed, set, window and position. */
enum {
  LATHE_LOSS_SAMPLED_TARGETS = 1,
  LATHE_LOSS_FROM_ORIGINAL = 2 /* divergence from the model that entered the first stage */
};

/* loss = next_token_weight * next_token + divergence_weight * divergence, where
 * next_token is the mean cross entropy and divergence the mean KL from the model as it
 * entered the stage, or as it entered the first one, both in nats per predicted token. */
typedef struct lathe_loss {
  uint32_t struct_size;
  uint32_t flags;           /* set by the caller */
  double next_token_weight; /* set by the caller */
  double divergence_weight; /* set by the caller */
  double next_token;        /* set by the host   */
  double divergence;        /* set by the host; 0 where its weight is 0 */
} lathe_loss;

typedef struct lathe_host_training {
  uint32_t struct_size;
  uint32_t reserved;
  /* [any] How many batches a set has. */
  lathe_status (*batch_count)(const lathe_host *host, int32_t set, uint32_t *count);
  /* [serial] Like replace_linear, but only a trial: gone when the plugin's call returns, and
   * its values are used in float32 whatever they would be stored in. A bias may be given to
   * a layer that has none. */
  lathe_status (*set_trial)(const lathe_host *host, lathe_node node, const lathe_linear *form);
  /* [serial] Mean loss over the listed batches, trials in place. */
  lathe_status (*loss)(const lathe_host *host, int32_t set, const uint32_t *batches,
                       uint32_t batch_count, lathe_loss *loss);
  /* [serial] Also writes d loss / d values of each factor (or bias) to gradients[i],
   * float32 in the shape of that factor's values, allocated by the caller. The values of
   * a GROUP_QUANTIZED factor are here the numbers that its codes stand for. A layer of
   * the model as well as a trial may be asked for; a bias must exist. */
  lathe_status (*loss_and_gradients)(const lathe_host *host, int32_t set, const uint32_t *batches,
                                     uint32_t batch_count, const lathe_factor_ref *factors,
                                     uint32_t factor_count, lathe_tensor *const *gradients,
                                     lathe_loss *loss);
  /* [serial] New values, real and in the same shape, for dense or diagonal factors or biases
   * of trials that are in place; nothing else of the trials is copied. All or nothing. */
  lathe_status (*set_trial_values)(const lathe_host *host, const lathe_factor_ref *factors,
                                   uint32_t factor_count, const lathe_tensor *const *values);
} lathe_host_training;

/* -------------------------------------------------------- extension lathe.linalg/1 */

#define LATHE_EXT_LINALG "lathe.linalg/1"

/* Row-major float32 or float64, one dtype per call, outputs allocated by the caller and
 * not overlapping inputs. A tensor of one dimension [n] counts as a row [1, n]: a column is
 * [n, 1]. May be called from within lathe.parallel. After LATHE_ERR_NUMERICAL a strategy may
 * go another way and succeed. Threading is the host's: results are the same bytes for any
 * number of threads. Inputs that are not finite give LATHE_ERR_NUMERICAL. */
typedef struct lathe_host_linalg {
  uint32_t struct_size;
  uint32_t reserved;
  /* [any] c = alpha op(a) op(b) + beta c */
  lathe_status (*gemm)(const lathe_host *host, int32_t transpose_a, int32_t transpose_b,
                       double alpha, const lathe_tensor *a, const lathe_tensor *b, double beta,
                       lathe_tensor *c);
  /* [any] c = alpha op(a) op(a)^T + beta c, both triangles written */
  lathe_status (*syrk)(const lathe_host *host, int32_t transpose, double alpha,
                       const lathe_tensor *a, double beta, lathe_tensor *c);
  /* [any] a = l lT, upper triangle of l zero; LATHE_ERR_NUMERICAL if a is not positive
   * definite */
  lathe_status (*cholesky)(const lathe_host *host, const lathe_tensor *a, lathe_tensor *l);
  /* [any] b = inverse(op(l)) b for lower triangular l */
  lathe_status (*solve_lower)(const lathe_host *host, const lathe_tensor *l, int32_t transpose,
                              lathe_tensor *b);
  /* [any] b = inverse(op(u)) b for upper triangular u */
  lathe_status (*solve_upper)(const lathe_host *host, const lathe_tensor *u, int32_t transpose,
                              lathe_tensor *b);
  /* [any] a v = v diag(w) for the k largest eigenvalues of a symmetric a [n, n]: w [k]
   * ascending, v [n, k] or NULL for eigenvalues only. The entry of largest magnitude in
   * each column of v is positive. */
  lathe_status (*eigh)(const lathe_host *host, const lathe_tensor *a, lathe_tensor *w,
                       lathe_tensor *v);
  /* [any] The k leading singular triples of a [m, n], k <= min(m, n): u [m, k], s [k]
   * descending, vt [k, n]. The entry of largest magnitude in each column of u is
   * positive. */
  lathe_status (*svd)(const lathe_host *host, const lathe_tensor *a, lathe_tensor *u,
                      lathe_tensor *s, lathe_tensor *vt);
  /* [any] Thin a = q r for a [m, n]: q [m, k], r [k, n], k = min(m, n), diagonal of r
   * not negative */
  lathe_status (*qr)(const lathe_host *host, const lathe_tensor *a, lathe_tensor *q,
                     lathe_tensor *r);
} lathe_host_linalg;

/* ------------------------------------------------------ extension lathe.parallel/1 */

#define LATHE_EXT_PARALLEL "lathe.parallel/1"
typedef struct lathe_host_parallel {
  uint32_t struct_size;
  uint32_t reserved;
  /* [any] Calls body(context, i) for 0 <= i < count, each at most once, and returns when
   * all are done; after a non-zero status or a cancellation no further index is started,
   * and the status of the lowest index is returned. Reductions must combine in index
   * order. May be nested. */
  lathe_status (*for_each)(const lathe_host *host, uint64_t count,
                           lathe_status (*body)(void *context, uint64_t index), void *context);
} lathe_host_parallel;

/* -------------------------------------------------------- extension lathe.random/1 */

#define LATHE_EXT_RANDOM "lathe.random/1"
typedef struct lathe_host_random {
  uint32_t struct_size;
  uint32_t reserved;
  /* [any] Fills a float32 tensor. Counter based: the same (seed, stage, node, stream)
   * gives the same numbers whatever the block order and the thread count. */
  lathe_status (*uniform)(const lathe_host *host, lathe_node node, uint32_t stream,
                          lathe_tensor *out); /* in [0, 1) */
  lathe_status (*normal)(const lathe_host *host, lathe_node node, uint32_t stream,
                         lathe_tensor *out); /* mean 0, variance 1 */
} lathe_host_random;

/* ----------------------------------------------------- extension lathe.workspace/1 */

#define LATHE_EXT_WORKSPACE "lathe.workspace/1"
typedef struct lathe_host_workspace {
  uint32_t struct_size;
  uint32_t reserved;
  /* [any] 64-byte aligned scratch, freed by the host when the call returns; NULL when
   * there is not enough. */
  void *(*scratch)(const lathe_host *host, uint64_t bytes);
  /* [any] Copies `tensor` into the host's store under (node, key), in place of what was
   * there; NULL forgets it. Lives until destroy, on disk and not in memory: what analyze
   * computed need not be computed again by compress. Where the user lets a run be
   * resumed it also outlives an interruption: the same stage of the same run finds it. */
  lathe_status (*keep)(const lathe_host *host, lathe_node node, const char *key,
                       const lathe_tensor *tensor);
  /* [any] What was kept, borrowed and read-only. LATHE_ERR_INVALID if nothing was. */
  lathe_status (*kept)(const lathe_host *host, lathe_node node, const char *key,
                       const lathe_tensor **out);
} lathe_host_workspace;

/* -------------------------------------------------------- extension lathe.report/1 */

#define LATHE_EXT_REPORT "lathe.report/1"
typedef struct lathe_host_report {
  uint32_t struct_size;
  uint32_t reserved;
  /* [any] A number for the run report ("rank", "relative_error", "bits"), about a node or,
   * with LATHE_NODE_NONE, about the stage. Of two with the same node and key the later one
   * stays, whichever calls they came from: sums over blocks are the strategy's. */
  void (*metric)(const lathe_host *host, lathe_node node, const char *key, double value);
  /* [any] A row of numbers (a training curve, errors by iteration). */
  void (*series)(const lathe_host *host, lathe_node node, const char *key, const double *values,
                 uint64_t count);
} lathe_host_report;

#ifdef __cplusplus
}
#endif
#endif /* LATHE_H */
