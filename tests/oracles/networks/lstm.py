"""Writes lstm.json: an LSTM - LSTM - Dense network answered and differentiated by Keras, and AdamW steps by Keras.

Made with Python 3, tensorflow-cpu 2.21.0 and keras 3:
    python lstm.py > lstm.json
Keras keeps the input and the recurrent kernel apart; here they are stacked into one matrix over [input, hidden].
"""
import json
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np
import tensorflow as tf

TIME, BATCH, INPUTS, UNITS, OUTPUTS = 7, 6, 4, (6, 4), 2
generator = np.random.default_rng(20260101)


def rounded(values):
    """Exactly representable in float32 and short in the file."""
    return np.round(np.asarray(values, dtype=np.float64) * 256) / 256


keras.backend.set_floatx("float64")
inputs = rounded(generator.normal(size=(BATCH, TIME, INPUTS)))
targets = rounded(generator.normal(size=(BATCH, OUTPUTS)))
first = keras.layers.LSTM(UNITS[0], return_sequences=True)
second = keras.layers.LSTM(UNITS[1], return_sequences=True)
dense = keras.layers.Dense(OUTPUTS)
layers = (first, second, dense)


def run(x):
    hidden1 = first(x)
    hidden2 = second(hidden1)
    return hidden1, hidden2, dense(hidden2[:, -1, :])


run(tf.constant(inputs))
for layer in layers:
    layer.set_weights([rounded(0.6 * generator.normal(size=w.shape)) for w in layer.get_weights()])

variables = [variable.value for layer in layers for variable in layer.trainable_variables]
with tf.GradientTape() as tape:
    hidden1, hidden2, outputs = run(tf.constant(inputs))
    loss = tf.reduce_mean(tf.square(outputs - targets))
gradients = [gradient.numpy() for gradient in tape.gradient(loss, variables)]


def stacked(arrays):
    """Kernel over recurrent kernel, bias; twice; then the dense pair."""
    kernel1, recurrent1, bias1, kernel2, recurrent2, bias2, kernel3, bias3 = arrays
    return [np.vstack([kernel1, recurrent1]), bias1, np.vstack([kernel2, recurrent2]), bias2, kernel3, bias3]


names = ["lstm1/kernel", "lstm1/bias", "lstm2/kernel", "lstm2/bias", "dense/kernel", "dense/bias"]


def named(arrays):
    return [
        {"name": name, "shape": list(array.shape), "values": array.ravel().tolist()}
        for name, array in zip(names, stacked(arrays))
    ]


steps = 5
decaying, plain = rounded(generator.normal(size=8)), rounded(generator.normal(size=4))
gradient_steps = rounded(generator.normal(size=(steps, 12)))
optimiser = keras.optimizers.AdamW(learning_rate=0.01, weight_decay=0.1, epsilon=1e-7)
kernel, bias = keras.Variable(decaying, name="kernel"), keras.Variable(plain, name="bias")
optimiser.exclude_from_weight_decay(var_names=["bias"])
optimiser.build([kernel, bias])
path = []
for gradient in gradient_steps:
    optimiser.apply([tf.constant(gradient[:8]), tf.constant(gradient[8:])], [kernel, bias])
    path.append(np.concatenate([np.asarray(kernel), np.asarray(bias)]).tolist())

print(
    json.dumps(
        {
            "made": f"keras {keras.__version__} on tensorflow {tf.__version__}",
            "time": TIME, "batch": BATCH, "inputs": INPUTS, "units": UNITS, "outputs": OUTPUTS,
            "input": inputs.ravel().tolist(),
            "target": targets.ravel().tolist(),
            "weights": named([variable.numpy() for variable in variables]),
            "hidden1": hidden1.numpy().ravel().tolist(),
            "hidden2": hidden2.numpy().ravel().tolist(),
            "output": outputs.numpy().ravel().tolist(),
            "loss": float(loss),
            "gradients": named(gradients),
            "adamW": {
                "learningRate": 0.01, "weightDecay": 0.1, "decays": [1] * 8 + [0] * 4,
                "start": np.concatenate([decaying, plain]).tolist(),
                "gradients": gradient_steps.tolist(), "path": path,
            },
        }
    )
)
