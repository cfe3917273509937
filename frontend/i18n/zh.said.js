/**
 * What the server says, in Chinese, by its English: the catalogue, theory, findings and problems. `{name}` is filled in with what
 * the server gives. What is not here (formulas, names, citations) is the same in both languages.
 * @type {Record<string, string>}
 */
export const SAID = {
  // ---- the catalogue: sections and fields ----
  "Network": "网络",
  "Initialization": "初始化",
  "Activation": "激活函数",
  "Normalization": "归一化",
  "Data": "数据",
  "Training": "训练",
  "Run": "运行",
  "initializer": "权重初始化",
  "biases": "偏置初始化",
  "activation": "激活函数",
  "normalization": "归一化",
  "data": "数据",
  "optimizer": "优化器",
  "layers": "层",
  "pixels": "像素",
  "kind": "类型",
  "Fully connected layers, or convolutions with a linear output layer.": "全连接层，或者卷积层加一个线性输出层。",
  "depth": "深度",
  "Weighted hidden layers; the output layer comes on top.": "带权重的隐藏层数；输出层另计。",
  "width": "宽度",
  "Units of a layer (CNN: channels).": "每层的单元数（CNN：通道数）。",
  "kernel": "卷积核",
  "padding": "填充",
  "Circular padding is the case that theory solves exactly.": "循环填充是理论能精确求解的情形。",
  "pool every": "池化间隔",
  "Max-pool 2 × 2 after each so many layers while there are 2 pixels; 0 = never.": "只要还有 2 个像素，每隔这么多层做一次 2 × 2 最大池化；0 表示不做。",
  "bias": "偏置",
  "auto: off where a normalization with affine parameters follows directly.": "自动：如果后面紧跟带仿射参数的归一化，就不用偏置。",
  "residual": "残差连接",
  "Each layer from the second on adds its input to its output.": "从第二层起，每一层把自己的输入加到输出上。",
  "dropout": "dropout",
  "Probability that a unit's output is set to 0 while training.": "训练时一个单元的输出被置 0 的概率。",
  "steps": "步数",
  "Optimizer steps; 0 = only look at the initialization.": "优化器的步数；0 表示只看初始化。",
  "epochs": "轮数",
  "Instead of steps: passes over the training part.": "用来代替步数：把训练集过多少遍。",
  "clip gradient norm": "梯度范数裁剪",
  "The gradient's norm is cut to this; null = never.": "把梯度的范数限制在这个值以内；无表示不裁剪。",
  "seed": "随机种子",
  "Weights, data, batches and dropout are drawn from it.": "权重、数据、批次和 dropout 都由它产生。",
  "frame every": "帧间隔",
  "Steps between two frames; auto: about 40 frames a run.": "两帧之间的步数；自动：一次运行约 40 帧。",
  "bins": "区间数",
  "Bins of a histogram.": "直方图的区间个数。",
  "samples": "样本数",
  "At least so many values a layer that histograms are counted from; moments and counters are exact.": "每层至少取这么多个值来统计直方图；各阶矩和计数总是精确的。",
  "keep weights": "保留权重",
  "Keeps the weights of a finished run, so that others can start from them.": "保留运行结束时的权重，供别的运行作为起点。",
  "device": "设备",
  "auto: the GPU where there is one.": "自动：有 GPU 就用 GPU。",

  // ---- the catalogue: activations ----
  "Linear": "线性",
  "φ(x) = x if x > 0 else negative_slope · x": "φ(x) = x（x > 0），否则 negative_slope · x",
  "negative slope": "负半轴斜率",
  "φ(x) = x if x > 0 else a · x, a learned": "φ(x) = x（x > 0），否则 a · x，a 可学习",
  "initial slope a": "斜率 a 的初值",
  "φ(x) = x if x > 0 else α (eˣ − 1)": "φ(x) = x（x > 0），否则 α (eˣ − 1)",
  "Value that the activation tends to on the left, times -1.": "激活函数在左端趋近的值，乘以 -1。",
  "φ(x) = 1.0507 · (x if x > 0 else 1.6733 (eˣ − 1))": "φ(x) = 1.0507 · x（x > 0），否则 1.0507 · 1.6733 (eˣ − 1)",
  "φ(x) = x if x > 0 else α (e^(x/α) − 1)": "φ(x) = x（x > 0），否则 α (e^(x/α) − 1)",
  "φ(x) = x Φ(x), Φ the normal distribution function": "φ(x) = x Φ(x)，Φ 为标准正态分布函数",
  "approximation": "近似",
  "threshold": "阈值",
  "Above βx = threshold the function is x, as in torch.": "βx 超过阈值后函数就是 x，与 torch 相同。",
  "Goes with {init} up to about {depth} layers, each of at least four times as many units: {why}": "适合与 {init} 搭配，深度到 {depth} 层左右，每层单元数至少是层数的四倍：{why}",
  "Goes with no initializer through many layers: its output is never negative and bends little, so all inputs soon look alike. Put a normalization before it.":
    "没有哪种初始化能让它穿过很多层：它的输出从不为负，弯曲又小，所有输入很快就变得相似。请在它前面加一个归一化。",
  "its gain hands on the mean square it receives. Two inputs still become alike, slowly.": "它的增益使均方值逐层保持不变。不过两个输入仍会慢慢变得相似。",
  "its gain makes variance 1 a stable fixed point. The gradient's mean square grows by 1.04 a layer.": "它的增益使方差 1 成为稳定不动点。梯度的均方值每层增长 1.04 倍。",
  "its gain makes variance 1 a fixed point, but an unstable one, from which the signal then grows.": "它的增益使方差 1 成为不动点，但这个不动点不稳定，信号会由此逐渐增大。",
  "it keeps every length, forward and backward.": "它在前向和反向都保持长度不变。",
  "mean 0 and variance 1 are a stable fixed point. The gradient's mean square grows by 1.07 a layer.": "均值 0、方差 1 是稳定不动点。梯度的均方值每层增长 1.07 倍。",
  "σ_w² = 1 is critical where the signal is small, and every layer makes it smaller.": "信号小的时候 σ_w² = 1 是临界值，而每一层都使信号更小。",
  "σ_w² = 1 is critical where the signal is small, and that falls only like 1/layer.": "信号小的时候 σ_w² = 1 是临界值，而信号只按 1/层数 下降。",
  "it keeps every length, and few values reach the limits.": "它保持长度不变，而且很少有值到达极限。",

  // ---- the catalogue: initializers ----
  "Zeros": "全零",
  "Every unit of a layer computes the same and gets the same gradient: nothing breaks the symmetry.": "同一层的所有单元计算结果相同，得到的梯度也相同：没有什么能打破对称。",
  "gain ×": "增益 ×",
  "A factor on every weight, after the initializer.": "初始化之后，每个权重再乘的倍数。",
  "Constant": "常数",
  "value": "值",
  "Uniform": "均匀分布",
  "Lower bound.": "下界。",
  "Upper bound.": "上界。",
  "Normal": "正态分布",
  "std": "标准差",
  "Standard deviation of a weight.": "权重的标准差。",
  "mean": "均值",
  "Mean of a weight.": "权重的均值。",
  "Truncated normal": "截断正态分布",
  "w ~ N(mean, std²) cut to [a, b]": "w ~ N(mean, std²)，截断到 [a, b]",
  "Standard deviation before the cut.": "截断之前的标准差。",
  "Lower cut, absolute as in torch.": "截断的下端，与 torch 一样是绝对值。",
  "Upper cut, absolute as in torch.": "截断的上端，与 torch 一样是绝对值。",
  "Xavier uniform": "Xavier 均匀分布",
  "Xavier normal": "Xavier 正态分布",
  "Kaiming (He) uniform": "Kaiming（He）均匀分布",
  "Kaiming (He) normal": "Kaiming（He）正态分布",
  "The gain follows the activation: torch's calculate_gain where it has one, else 1/√E[φ(z)²], z ~ N(0, 1).":
    "增益由激活函数决定：torch 的 calculate_gain 有值就用它，否则为 1/√E[φ(z)²]，z ~ N(0, 1)。",
  "fan mode": "fan 模式",
  "fan_in keeps the forward signal, fan_out the gradient.": "fan_in 保持前向信号，fan_out 保持梯度。",
  "LeCun uniform": "LeCun 均匀分布",
  "LeCun normal": "LeCun 正态分布",
  "Orthogonal": "正交",
  "WᵀW = I, drawn uniformly": "WᵀW = I，均匀抽取",
  "Delta-orthogonal": "delta 正交",
  "orthogonal at the kernel's centre, 0 elsewhere": "卷积核中心为正交矩阵，其余为 0",
  "The output layer, which is no convolution, is orthogonal.": "输出层不是卷积，用正交初始化。",
  "Identity": "单位矩阵",
  "W = I (Dirac for convolutions)": "W = I（卷积用 Dirac 核）",
  "Variance scaling": "方差缩放",
  "variance scale / fan, as in Keras": "方差为 scale / fan，与 Keras 相同",
  "With fan_in, scale is mean-field theory's σ_w².": "用 fan_in 时，scale 就是平均场理论的 σ_w²。",
  "scale": "尺度",
  "With fan_in this is σ_w².": "用 fan_in 时即 σ_w²。",
  "distribution": "分布",
  "PyTorch default": "PyTorch 默认",
  "Its variance is 1 / (3 fan_in): a third of LeCun's, a sixth of He's.": "它的方差是 1 / (3 fan_in)：LeCun 的三分之一，He 的六分之一。",
  "orthogonal, then each layer scaled to unit output variance on the first batch": "先正交初始化，再用第一个批次把每层的输出方差调到 1",
  "tolerance": "容差",
  "Largest |variance − 1| that is left.": "允许剩下的最大 |方差 − 1|。",
  "iterations": "迭代次数",
  "At most so many rescalings a layer.": "每层最多调整这么多次。",
  "Pretrained": "预训练权重",
  "w = trained weights, where their shapes fit": "形状相符之处，w = 训练好的权重",
  "a run that kept its weights (capture.weights), an upload, or a .safetensors file in the data directory":
    "保留了权重的运行（capture.weights）、上传的文件，或数据目录中的 .safetensors 文件",
  "Layers that do not fit are listed, and start from the initializer named below.": "形状不符的层会被列出，并改用下面选择的初始化。",
  "source": "来源",
  "A run's id, or the name of a .safetensors file.": "一次运行的编号，或一个 .safetensors 文件的名字。",
  "other layers": "其余的层",
  "The initializer of layers that no weights fit.": "没有合适权重的层所用的初始化。",
  "torch.nn.init.normal_; σ_b = std in mean-field theory": "torch.nn.init.normal_；平均场理论中 σ_b = std",
  "std = σ_b": "标准差 = σ_b",
  "bound": "界",

  // ---- the catalogue: normalizations ----
  "None": "无",
  "Batch": "批归一化",
  "y = γ (x − mean) / √(var + ε) + β over the batch": "y = γ (x − 均值) / √(方差 + ε) + β，在批次上统计",
  "momentum": "动量",
  "Weight of the newest batch in the running statistics.": "最新批次在滑动统计量中的权重。",
  "placement": "位置",
  "Between weights and activation, or after the activation.": "在权重与激活函数之间，或在激活函数之后。",
  "affine": "仿射参数",
  "A learned scale γ (and shift β, but for RMS) a channel.": "每个通道一个可学习的缩放 γ（除 RMS 外还有平移 β）。",
  "Added to the variance.": "加在方差上。",
  "Layer": "层归一化",
  "y = γ (x − mean) / √(var + ε) + β over one example's features": "y = γ (x − 均值) / √(方差 + ε) + β，在一个样本的各特征上统计",
  "torch.nn.LayerNorm (images: torch.nn.GroupNorm(1, C)); Ba et al. 2016 (1607.06450)":
    "torch.nn.LayerNorm（图像：torch.nn.GroupNorm(1, C)）；Ba et al. 2016 (1607.06450)",
  "Instance": "实例归一化",
  "y = γ (x − mean) / √(var + ε) + β over one channel of one example": "y = γ (x − 均值) / √(方差 + ε) + β，在一个样本的一个通道上统计",
  "Group": "组归一化",
  "y = γ (x − mean) / √(var + ε) + β over a group of channels of one example": "y = γ (x − 均值) / √(方差 + ε) + β，在一个样本的一组通道上统计",
  "groups": "组数",
  "Must divide the width.": "必须整除宽度。",
  "RMS": "RMS 归一化",
  "y = γ x / √(mean of x² + ε) over one example's features": "y = γ x / √(x² 的均值 + ε)，在一个样本的各特征上统计",

  // ---- the catalogue: data ----
  "Digits (real)": "Digits（真实数据）",
  "1,797 handwritten digits, 8 × 8 pixels, 10 classes": "1,797 个手写数字，8 × 8 像素，10 类",
  "batch size": "批大小",
  "At most so many examples a step; all: the whole training part.": "每步最多用这么多个样本；全部：整个训练集。",
  "validation part": "验证比例",
  "Share of the examples kept for validation.": "留作验证的样本比例。",
  "MNIST (real)": "MNIST（真实数据）",
  "70,000 handwritten digits, 28 × 28 pixels, 10 classes": "70,000 个手写数字，28 × 28 像素，10 类",
  "Fetched when it is first used ({megabytes} MB), and kept.": "第一次使用时下载（{megabytes} MB），之后保留。",
  "test: the data set's own test part validates; a number: so much of its training part instead.": "测试集：用数据集自带的测试集做验证；填数字：改用训练集的这一比例。",
  "Fashion-MNIST (real)": "Fashion-MNIST（真实数据）",
  "70,000 pictures of clothes, 28 × 28 pixels, 10 classes": "70,000 张服装图片，28 × 28 像素，10 类",
  "CIFAR-10 (real)": "CIFAR-10（真实数据）",
  "60,000 photographs, 32 × 32 pixels in colour, 10 classes": "60,000 张彩色照片，32 × 32 像素，10 类",
  "Gaussian noise": "高斯噪声",
  "x ~ N(0, 1), labels at random": "x ~ N(0, 1)，标签随机",
  "The input that mean-field theory assumes": "平均场理论所假设的输入",
  "For a CNN: `features` channels of 8 × 8 pixels.": "用于 CNN 时：features 个 8 × 8 像素的通道。",
  "features": "特征数",
  "auto: as many as the network is wide.": "自动：与网络宽度相同。",
  "classes": "类别数",
  "auto: 2048 (CNN: 512), or as many as one batch needs.": "自动：2048（CNN：512），或一个批次所需的个数。",
  "Training and validation examples together.": "训练和验证样本的总数。",
  "noise": "噪声",
  "Standard deviation of the noise on a point.": "每个点上噪声的标准差。",
  "Two moons": "双月牙",
  "two half circles, 2 features, 2 classes": "两个半圆，2 个特征，2 类",
  "Circles": "同心圆",
  "two circles, one inside the other, 2 features, 2 classes": "一大一小两个圆，2 个特征，2 类",
  "Spirals": "双螺旋",
  "two interleaved spirals, 2 features, 2 classes": "两条交错的螺旋线，2 个特征，2 类",
  "after Lang & Witbrock 1988": "参照 Lang & Witbrock 1988",

  // ---- the catalogue: optimizers ----
  "SGD + momentum": "SGD + 动量",
  "v ← momentum · v + g;  θ ← θ − lr · v": "v ← 动量 · v + g；θ ← θ − lr · v",
  "learning rate": "学习率",
  "weight decay": "权重衰减",
  "Added to the denominator.": "加在分母上。",
  "Decay of the mean gradient.": "梯度均值的衰减率。",
  "Decay of the mean square gradient.": "梯度平方均值的衰减率。",

  // ---- findings: signal, gradient, inputs ----
  "Healthy": "健康",
  "Healthy: signal ×{signal} a layer": "健康：信号每层 ×{signal}",
  "Healthy: gradient ×{gradient} a layer": "健康：梯度每层 ×{gradient}",
  "Healthy: signal ×{signal} a layer, gradient ×{gradient} a layer": "健康：信号每层 ×{signal}，梯度每层 ×{gradient}",
  "Over all hidden layers the signal changes by a factor of {forward} and the gradient, on its way back, by {back}: a network bears that.": "经过全部隐藏层，信号变为 {forward} 倍，梯度在返回途中变为 {back} 倍：网络承受得起。",
  "Signal and gradient keep their size from the first layer to the last.": "信号和梯度从第一层到最后一层都保持大小。",
  "Signal, gradient and updates are of a size that learns.": "信号、梯度和更新量的大小都适合学习。",
  " (theory ×{theory})": "（理论 ×{theory}）",
  "Exploding: ×{rate} a layer from layer 2{predicted}": "信号爆炸：从第 2 层起每层 ×{rate}{predicted}",
  "Vanishing: ×{rate} a layer from layer 2{predicted}": "信号消失：从第 2 层起每层 ×{rate}{predicted}",
  "Exploding gradient: ×{rate} a layer on the way back{predicted}": "梯度爆炸：反向传播中每层 ×{rate}{predicted}",
  "Vanishing gradient: ×{rate} a layer on the way back{predicted}": "梯度消失：反向传播中每层 ×{rate}{predicted}",
  "The mean square of the activations grows by a factor of {size} from the first hidden layer to the last: each layer hands on more than it receives.":
    "从第一个隐藏层到最后一个，激活的均方值增大到 {size} 倍：每一层传出的都比收到的多。",
  "The mean square of the activations grows by a factor of {size} from the first hidden layer to the last: every layer adds to the sum that the skips carry.":
    "从第一个隐藏层到最后一个，激活的均方值增大到 {size} 倍：每一层都往跳跃连接传递的和上再加一份。",
  "The mean square of the activations shrinks by a factor of {size} from the first hidden layer to the last: every layer takes from the sum that the skips carry.":
    "从第一个隐藏层到最后一个，激活的均方值缩小到 {size} 分之一：每一层都从跳跃连接传递的和中减去一份。",
  "The mean square of the activations shrinks by a factor of {size} from the first hidden layer to the last: each layer hands on less than it receives.":
    "从第一个隐藏层到最后一个，激活的均方值缩小到 {size} 分之一：每一层传出的都比收到的少。",
  "The mean square of the activations shrinks by a factor of {size} from the first hidden layer to layer {layer}: each layer hands on less than it receives. Behind it the signal grows again.":
    "从第一个隐藏层到第 {layer} 层，激活的均方值缩小到 {size} 分之一：每一层传出的都比收到的少。此后信号又变大。",
  "The mean square of the activations shrinks until float32 holds nothing of it: each layer hands on less than it receives.":
    "激活的均方值不断缩小，直到 float32 什么也存不下：每一层传出的都比收到的少。",
  "On the way back from the last hidden layer to the first the gradient's mean square shrinks until float32 holds nothing of it: χ, the factor a layer, is below 1.":
    "从最后一个隐藏层回到第一个，梯度的均方值不断缩小，直到 float32 什么也存不下：每层的因子 χ 小于 1。",
  "From the last hidden layer back to the first the gradient's mean square grows by a factor of {size}: χ, the factor a layer, is above 1.":
    "从最后一个隐藏层回到第一个，梯度的均方值增大到 {size} 倍：每层的因子 χ 大于 1。",
  "From the last hidden layer back to the first the gradient's mean square shrinks by a factor of {size}: χ, the factor a layer, is below 1.":
    "从最后一个隐藏层回到第一个，梯度的均方值缩小到 {size} 分之一：每层的因子 χ 小于 1。",
  "Inputs become alike: correlation {correlation} in layer {layer}": "输入变得相似：第 {layer} 层的相关系数为 {correlation}",
  "Any two examples of the batch differ by {gap} of their size in the last hidden layer: each layer shrinks the angle between them.":
    "在最后一个隐藏层，批次中任意两个样本之差只有其大小的 {gap}：每一层都缩小它们之间的夹角。",
  "No start, normalization or learning rate that is tried is foreseen to mend it: try fewer layers or more units.":
    "在试过的起点、归一化和学习率中，没有一个预计能消除它：请减少层数或增加单元数。",

  // ---- findings: units ----
  "Saturated: {share} of a layer's values are at the activation's limits": "饱和：某一层有 {share} 的值处在激活函数的极限",
  "The pre-activations are so large that the activation is flat there. What gradient there is passes through the other values: each example teaches few units.": "预激活过大，激活函数在那里是平的。剩下的梯度只经过其余的值：每个样本只能教会少数单元。",
  "The pre-activations are so large that the activation is flat there, and its derivative lets no gradient pass.":
    "预激活太大，激活函数在那里是平的，导数几乎不让梯度通过。",
  "Dead: {share} of a layer's units are zero for every example": "死亡：某一层有 {share} 的单元对所有样本都输出 0",
  "Their pre-activations are 0 for the whole batch: the weights bring them nothing of the input.":
    "整个批次中它们的预激活都是 0：权重没有把任何输入带给它们。",
  "Their pre-activations are on the flat side for the whole batch, so no gradient reaches their weights.":
    "它们的预激活在整个批次上都落在平的一侧，所以没有梯度到达它们的权重。",
  "Use leaky ReLU, which has a slope on both sides.": "请改用两侧都有斜率的 leaky ReLU。",
  "All units alike: one weight throughout each of layers {first} to {last}": "所有单元都相同：第 {first} 到 {last} 层各自只有一个权重值",
  "All units alike: one weight throughout layer {layer}": "所有单元都相同：第 {layer} 层只有一个权重值",
  "Units with the same weights compute the same and get the same gradient: a layer of any width is one unit.":
    "权重相同的单元计算结果相同，梯度也相同：再宽的层也只等于一个单元。",
  "A network can train like that: no other start or normalization is offered.": "这样的网络也能训练：不提供其他初始化或归一化。",
  "Let each layer add its input to its output: the gradient then passes through the sum.": "让每一层把输入加到输出上：梯度便能经由这个和传递。",
  "It takes the place of the {name} normalization.": "它取代原有的 {name} 归一化。",
  "Leave out the {name} normalization.": "去掉 {name} 归一化。",
  "dropout of {rate} adds up over {depth} layers to noise that hides what tells two inputs apart":
    "{rate} 的 dropout 在 {depth} 层上累积成噪声，掩盖了两个输入的区别",
  "Draw the weights as {init} does: LSUV fits them without dropout.": "请像 {init} 那样抽取权重：LSUV 拟合权重时不带 dropout。",
  "Draw the weights at random.": "请随机抽取权重。",
  "Draw the weights at random around 0, as {init} does.": "请像 {init} 那样，围绕 0 随机抽取权重。",

  // ---- findings: steps ----
  "from layer {layer} on": "从第 {layer} 层起",
  "in the loss": "在损失中",
  "Diverged: not finite {where}": "已发散：{where}出现非有限值",
  "Numbers overflow {where}: the weights make every layer's values larger.": "{where}数值溢出：权重使每一层的值都变大。",
  "At step {step} numbers are not finite {where}: the steps are too large for these gradients.": "第 {step} 步时，{where}出现非有限值：对这样的梯度来说步长太大。",
  "The loss rises: {start} → {loss}": "损失上升：{start} → {loss}",
  "The steps overshoot: the loss is above three times its start.": "步子迈过了头：损失已超过开始时的三倍。",
  "Steps too large: after {steps} of them one still moves the last hidden layer by {jolt} times its own size": "步子太大：{steps} 步之后，一步仍使最后一个隐藏层改变自身大小的 {jolt} 倍",
  "First steps too large: one moves the last hidden layer by {jolt} times its own size": "最初的步子太大：一步就使最后一个隐藏层改变自身大小的 {jolt} 倍",
  "First steps too large: one moves the layers' weights by {stride} of their norms in all": "最初的步子太大：一步就使各层权重的改变合计达到其范数的 {stride} 倍",
  "Steps become too large: as it learns, one comes to move the layers' weights by {swing} of their norms in all":
    "步子会变得太大：随着学习，一步将使各层权重的改变合计达到其范数的 {swing} 倍",
  "The gradients grow with the logits, whose root mean square is {logits} at the start.":
    "梯度随 logits 增长，而 logits 的均方根开始时是 {logits}。",
  "Relative to their norm the layers' weights move by {most} at most a step, {median} in the median; through all layers that adds up.":
    "相对于自身范数，各层权重每步最多移动 {most}，中位数为 {median}；经过所有层累积起来就很大。",
  "Steps too small: {steps} steps change what the median layer computes by at most {reached} of itself": "步子太小：{steps} 步最多使中位层的输出改变自身的 {reached}",
  "Steps too small: {steps} steps move the network by {reached} of itself": "步子太小：{steps} 步只使网络移动自身的 {reached}",
  "The gradients that reach the weights are too small for this learning rate and this number of steps: one moves the median layer's weights by {median} of their norm.":
    "到达权重的梯度对这样的学习率和步数来说太小：一步只使中位层的权重移动其范数的 {median}。",
  "Updates too large: {ratio} times the weights a step": "更新量太大：每步是权重的 {ratio} 倍",
  "Updates too small: {ratio} times the weights a step": "更新量太小：每步是权重的 {ratio} 倍",
  "In the median layer a step changes the weights by {ratio} times their norm; near 10⁻³ is good, above 10⁻² a step undoes what the ones before learned.":
    "在中位层，一步使权重改变其范数的 {ratio} 倍；10⁻³ 附近较好，超过 10⁻² 时，一步会抹掉前面学到的东西。",
  "In the median layer a step changes the weights by {ratio} times their norm; near 10⁻³ is good, below 10⁻⁴ hardly anything moves.":
    "在中位层，一步使权重改变其范数的 {ratio} 倍；10⁻³ 附近较好，低于 10⁻⁴ 时几乎不动。",
  ", and take at least {steps} steps": "，并至少训练 {steps} 步",
  "Set the learning rate to {lr}{more}: a step then changes the median layer's weights by {ratio} of their norm.":
    "把学习率设为 {lr}{more}：这样一步使中位层的权重改变其范数的 {ratio}。",
  "Lower the learning rate to {lr}.": "把学习率降到 {lr}。",
  "Take {width} units a layer: with {few} it is chance, not the weights' variance, that decides what comes through {depth} layers.":
    "每层取 {width} 个单元：只有 {few} 个单元时，什么能通过 {depth} 层取决于偶然，而不是权重的方差。",
  "Take {width} channels a layer: with {few} it is chance, not the weights' variance, that decides what comes through {depth} layers.":
    "每层取 {width} 个通道：只有 {few} 个通道时，什么能通过 {depth} 层取决于偶然，而不是权重的方差。",
  "Lower the dropout to {rate}: with as few units as a dropout of {before} keeps it is chance, not the weights' variance, that decides what comes through {depth} layers.":
    "把 dropout 降到 {rate}：{before} 保留的单元太少，什么能通过 {depth} 层取决于偶然，而不是权重的方差。",
  "Take {width} units a layer: {few} learn too little in so few steps.": "每层取 {width} 个单元：{few} 个单元在这么少的步数里学到的太少。",
  "Lower the dropout to {rate}: the noise of {before} adds up over {depth} layers.": "把 dropout 降到 {rate}：{before} 的噪声在 {depth} 层中逐层累积。",
  "Drowned in dropout: two inputs differ by {percent}% more than two passes of one input": "淹没在 dropout 中：两个输入之差只比同一输入的两次前向之差多 {percent}%",
  "Dropout of {rate} draws new masks at every pass, and {depth} layers of them leave {kept} of the signal's mean square to what the passes share.":
    "{rate} 的 dropout 每次前向都重新抽取掩码，经过 {depth} 层之后，各次前向共有的部分只占信号均方值的 {kept}。",
  "Lower the dropout to {rate}: {before} leaves some examples none of the {width} units.":
    "把 dropout 降到 {rate}：{before} 会让有些样本在 {width} 个单元中一个也不剩。",

  // ---- findings: settings, precision, trained weights ----
  "Too small a batch: batch normalization averages over {values} values": "批次太小：批归一化只在 {values} 个值上求平均",
  "A mean over {values} values is off by 1/√{values} of a standard deviation, and every example depends on the others' draw.":
    "{values} 个值的均值有 1/√{values} 个标准差的误差，而且每个样本都受同批其他样本影响。",
  "Leave out the dropout until it learns: {before} in {depth} layers is noise that hides what so few steps bring.":
    "在能学起来之前先不用 dropout：{depth} 层中的 {before} 是噪声，会淹没这么少的步数所带来的进展。",
  "Give it {steps} steps in all, to see that it learns.": "总共给它 {steps} 步，看它是否学得会。",
  "Take batches of 64.": "请把批大小改为 64。",
  "Use layer normalization, which needs no batch.": "请改用不依赖批次的层归一化。",
  "Useless bias: {count} biases that the normalization removes": "无用的偏置：{count} 个偏置会被归一化消去",
  "Batch normalization subtracts each channel's mean, and with it the bias: its gradient is zero.": "批归一化会减去每个通道的均值，偏置也随之被减掉：它的梯度为零。",
  "Instance normalization subtracts each channel's mean, and with it the bias: its gradient is zero.": "实例归一化会减去每个通道的均值，偏置也随之被减掉：它的梯度为零。",
  "Leave the bias to the normalization's own shift β (bias auto, affine).": "把偏置交给归一化自己的平移 β（偏置选“自动”，开启仿射参数）。",
  "Kaiming with {activation}: gain {gain}": "Kaiming 配 {activation}：增益 {gain}",
  "Kaiming initialization is made for ReLU and its relatives.": "Kaiming 初始化是为 ReLU 及其同类设计的。",
  "σ_w² = 25/9 = 2.78 is above tanh's critical 1: the network is chaotic, and the gradient grows on the way back.":
    "σ_w² = 25/9 = 2.78 高于 tanh 的临界值 1：网络处于混沌相，梯度在反向传播中增大。",
  "torch gives sigmoid gain 1, and its slope is at most 1/4: the gradient's mean square falls by more than 16 a layer.":
    "torch 给 sigmoid 的增益是 1，而它的斜率最多为 1/4：梯度的均方值每层至少缩小为 1/16。",
  "fp16 would overflow: {share} of a layer's values": "用 fp16 会上溢：某一层 {share} 的值",
  "fp16 would lose: {share} of a layer's values": "用 fp16 会丢失：某一层 {share} 的值",
  "Values of these layers overflow fp16's range (6·10⁻⁸ to 65504), and bf16's as well.": "这些层的值超出 fp16 的范围（6·10⁻⁸ 到 65504），也超出 bf16 的范围。",
  "Values of these layers overflow fp16's range (6·10⁻⁸ to 65504); bf16 has float32's range and keeps them, with 8 bits of precision.":
    "这些层的值超出 fp16 的范围（6·10⁻⁸ 到 65504）；bf16 的范围与 float32 相同，能容纳它们，精度为 8 位。",
  "Gradients of these layers underflow fp16's range (6·10⁻⁸ to 65504), and bf16's as well.": "这些层的梯度小于 fp16 的范围（6·10⁻⁸ 到 65504），也小于 bf16 的范围。",
  "Gradients of these layers underflow fp16's range (6·10⁻⁸ to 65504); bf16 has float32's range and keeps them, with 8 bits of precision.":
    "这些层的梯度小于 fp16 的范围（6·10⁻⁸ 到 65504）；bf16 的范围与 float32 相同，能容纳它们，精度为 8 位。",
  "Keep these layers in float32.": "让这些层保持 float32。",
  "Multiply the loss by 2{power} = {factor} before the backward pass and divide the gradients by it afterwards (loss scaling: Micikevicius et al. 2018, 1710.03740), or use bf16.": "反向传播前把损失乘以 2{power} = {factor}，之后再把梯度除以它（损失缩放：1710.03740），或改用 bf16。",
  "Use bf16, or keep these layers in float32: no one factor on the loss brings all gradients into fp16's range.": "改用 bf16，或让这些层保持 float32：没有一个损失系数能把所有梯度都带进 fp16 的范围。",
  "Pretrained: {fitted} of {rows} layers from {source}": "预训练权重：{rows} 层中有 {fitted} 层来自 {source}",
  "Every layer's weights have the shape that this network asks for.": "每一层的权重都与这个网络的形状相符。",
  "Weights that do not fit: {reasons}.": "形状不符的权重：{reasons}。",
  "{layers}: {reason}": "{layers}：{reason}",
  "layer {layer}": "第 {layer} 层",
  "layers {first} to {last}": "第 {first} 到 {last} 层",
  "there is none for it": "没有对应的权重",
  "{there} there, {here} here": "文件中为 {there}，这里为 {here}",
  "These layers start from {fallback}. Choose depth, width and data as they were when the weights were trained.":
    "这些层改用 {fallback} 初始化。请把深度、宽度和数据选成训练这些权重时的样子。",

  // ---- findings: what mends it ----
  "Draw weights with {where} (fan_in): there {activation} is critical, and a layer hands on the variance it receives.":
    "按 {where}（fan_in）抽取权重：{activation} 在这里处于临界，每一层把收到的方差原样传下去。",
  "Draw weights with {where} (fan_in): together the layers then add about one signal.":
    "按 {where}（fan_in）抽取权重：这样所有层合起来大约只增加一份信号。",
  "Use relu, which is critical at He's 2 whatever the variance; this activation is critical nowhere without biases.":
    "请改用 relu，它在 He 的取值 2 处对任何方差都是临界的；而现在的激活函数在没有偏置时无处临界。",
  "Use tanh, which is centred at 0.": "请改用以 0 为中心的 tanh。",
  "Put a layer normalization before the activation: each layer starts from variance 1.": "在激活函数之前加层归一化：这样每一层都从方差 1 开始。",
  "Put a layer normalization before the activation: what each layer adds to the skips' sum then has the same size, and the sum carries signal and gradient.":
    "在激活函数之前加层归一化：这样每一层加到跳跃连接之和上的部分大小相同，信号和梯度由这个和传递。",
  "Put a batch normalization before the activation: what each layer adds to the skips' sum then has the same size, and the sum carries signal and gradient.":
    "在激活函数之前加批归一化：这样每一层加到跳跃连接之和上的部分大小相同，信号和梯度由这个和传递。",
  "Put a batch normalization before the activation: each layer starts from variance 1.": "在激活函数之前加批归一化：这样每一层都从方差 1 开始。",
  "Put a layer normalization before the activation and let each layer add its input to its output: the gradient then passes through the sum.":
    "在激活函数之前加层归一化，并让每一层把输入加到输出上（残差连接）：梯度就能从加法这条路通过。",
  "Put a batch normalization before the activation and let each layer add its input to its output: the gradient then passes through the sum.":
    "在激活函数之前加批归一化，并让每一层把输入加到输出上（残差连接）：梯度就能从加法这条路通过。",

  // ---- findings: the prediction ----
  "Prediction: it will train": "预测：能训练起来",
  "Prediction: it will train slowly, if at all": "预测：即使能训练起来，也会很慢",
  "Prediction: it will not train": "预测：训练不起来",
  "Nothing at initialization speaks against it.": "初始化时没有任何不利的迹象。",
  "It should bear what is found at initialization: the optimizer's steps are of a size that learns.": "它应能承受初始化时发现的问题：优化器的步长大小适于学习。",
  "At initialization: {why}.": "初始化时：{why}。",
  "half of the networks without a fault take {needed} steps or more on these data, and this one is given {given}":
    "没有毛病的网络有一半在这些数据上要走 {needed} 步或更多，而这次只给了 {given} 步",
  "one step moves the layers' weights by {stride} of their norms in all": "一步就使各层权重的改变合计达到其范数的 {stride} 倍",
  "{gap}": "{gap}",
  "less than 10⁻⁷": "10⁻⁷ 以下",
  "in the last hidden layer two inputs differ by {gap} of their size": "在最后一个隐藏层，两个输入之差只有其大小的 {gap}",
  "in the last hidden layer two inputs differ by {gap} of their size; to tell them apart takes some {needed} steps, and it is given {given}":
    "在最后一个隐藏层，两个输入之差只有其大小的 {gap}；要把它们区分开大约需要 {needed} 步，而这里只有 {given} 步",
  "in the mean over the pixels, which the output row sees, two inputs differ by {gap} of their size":
    "在输出行看到的各像素平均值中，两个输入之差只有其大小的 {gap}",
  "from end to end the signal's mean square changes by {size} decades": "从头到尾，信号的均方值变化了 {size} 个数量级",
  "from end to end the gradient's mean square changes by {size} decades": "从头到尾，梯度的均方值变化了 {size} 个数量级",
  "After {steps} steps the loss is {loss}{over} and the accuracy {accuracy}; a guess has {guess} and {chance}.":
    "{steps} 步之后损失为 {loss}{over}，准确率为 {accuracy}；随机猜测为 {guess} 和 {chance}。",
  "After {steps} steps the loss is {loss}{over} and the validation accuracy {accuracy}; a guess has {guess} and {chance}.":
    "{steps} 步之后损失为 {loss}{over}，验证准确率为 {accuracy}；随机猜测为 {guess} 和 {chance}。",
  " (mean of the last {many} steps)": "（最后 {many} 步的均值）",
  "What it gets wrong it is sure of: right as often and no surer than that, it would have a loss of {worth}.":
    "它对答错的也很有把握：若同样的正确率而不过分自信，损失应为 {worth}。",
  "Its loss understates that: a network that is right as often, and just as sure as that, has one of {worth}.":
    "损失低估了这一点：正确率相同、把握恰如其分的网络，损失为 {worth}。",
  "It counts as trained below a loss of {limit}, half of a guess's; more steps may get it there.":
    "损失低于 {limit}（随机猜测的一半）才算训练起来；更多步数或许能做到。",
  "At initialization the loss is not finite; a guess has {guess}.": "初始化时损失就不是有限值；随机猜测的损失为 {guess}。",
  "After {steps} steps the loss is no longer finite; a guess has {guess}.": "{steps} 步之后损失不再有限；随机猜测的损失为 {guess}。",
  "trains": "能训练起来",
  "trains slowly": "训练很慢",
  "trains slowly, if at all": "即使能训练起来也很慢",
  "does not train": "训练不起来",
  "Predicted: {predicted}; this run cannot tell": "曾预测：{predicted}；这次运行无法检验",
  "Predicted: {predicted}. It held.": "曾预测：{predicted}。预测正确。",
  "Predicted: {predicted}. It did not hold: the network {came}.": "曾预测：{predicted}。预测不对：实际上{came}。",
  "Too few steps, or labels drawn at random.": "步数太少，或者标签是随机的。",
  "It has not learned: after {steps} steps the loss is {loss} and {accuracy} are right; a guess has {guess} and {chance}":
    "没有学到东西：{steps} 步之后损失为 {loss}，答对 {accuracy}；随机猜测为 {guess} 和 {chance}",
  "It had learned and lost it: the loss was {lowest} at step {then} and is {loss} at step {now}":
    "学到过又丢了：第 {then} 步时损失为 {lowest}，第 {now} 步时为 {loss}",
  "Steps of this size carry the weights away from what they had come to.": "这么大的步子使权重离开了已经到达的地方。",
  "Overconfident: {accuracy} are right, but the loss is {loss}; a guess has {guess}": "过分自信：答对 {accuracy}，但损失为 {loss}；随机猜测的损失为 {guess}",
  "The loss has risen from {start}: the steps overshoot.": "损失从 {start} 升了上来：步子迈过了头。",
  "The loss comes down from {start}, which most of the steps went into.": "损失是从 {start} 降下来的，大部分步数都花在了这上面。",
  "That was to be expected.": "这在意料之中。",
  "That was to be seen at initialization.": "这在初始化时就能看出来。",
  "Nothing at initialization spoke against it.": "初始化时没有任何不利的迹象。",
  "Of the starts, learning rates and numbers of steps that are tried, none is foreseen to make it learn: try fewer layers or more units.":
    "在试过的起点、学习率和步数中，没有一个预计能让它学会：请减少层数或增加单元数。",

  // ---- theory: why it does not apply ----
  "The activation changes over distances of {odd}, and the averages are taken for {least} to {most}.": "激活函数在 {odd} 的尺度上变化，而求平均只适用于 {least} 到 {most}。",
  "These weights were trained: they depend on each other and on the data, and mean-field theory averages over random ones.":
    "这些权重是训练出来的，彼此相关，也与数据相关；而平均场理论是对随机权重求平均。",
  "The weights of {init} are not drawn at random, and mean-field theory averages over random weights.": "{init} 的权重不是随机抽取的，而平均场理论是对随机权重求平均。",
  "The weights have mean {mean}: all units of a layer then share one random shift, which an average over units does not predict.":
    "权重的均值为 {mean}：同一层的所有单元因此有一个共同的随机偏移，对单元求平均无法预测它。",
  "All weights are zero: nothing of the input passes the first layer.": "权重全为零：输入完全通不过第一层。",
  "Mean-field theory holds for wide layers, and {width} units are too few; it is given from {least} on.": "平均场理论适用于宽层，{width} 个单元太少；从 {least} 个起才给出。",
  "The theory of batch normalization is for large batches, and {values} examples are too few; it is given from {least} on.":
    "批归一化的理论适用于大批次，{values} 个样本太少；从 {least} 个起才给出。",
  "Instance normalization behind the activation leaves every channel the mean 0 over its pixels, and that mean is what the output layer reads: there is nothing to predict.":
    "激活函数之后的实例归一化使每个通道在其像素上的均值为 0，而输出层读的正是这个均值：没有什么可预测的。",
  "The theory of instance normalization is for many pixels, and {pixels} are too few.": "实例归一化的理论适用于很多像素，{pixels} 个太少。",
  "A normalization group of {channels} channels is too small for an average over units.": "每组只有 {channels} 个通道，太小，无法对单元求平均。",
  "Max pooling takes the largest of four correlated values, for which no mean-field theory is implemented.": "最大池化取四个相关值中最大的一个，这里没有实现相应的平均场理论。",
  "A constant bias under RMS normalization shifts each layer by another amount, which is not implemented.": "RMS 归一化下的常数偏置使每一层的偏移各不相同，这里没有实现。",
  "A unit of the first layer sees only {seen} of the input's numbers, so pairs of inputs have very different cosines, of which theory follows the mean: expect two inputs' correlation to be off by up to 0.1, of images by 0.2.": "第一层的一个单元只看到输入中的 {seen} 个数，因此各对输入的余弦相差很大，而理论只跟踪其均值：两个输入的相关系数预计最多偏差 0.1，图像为 0.2。",
  "Behind the activation a group of {units} units has a spread that differs much from example to example: expect gradient factors above theory's, twofold with 8 units, by a fifth with 16.": "在激活之后，{units} 个单元的一组在各样本间的离散程度相差很大：梯度因子预计高于理论值，8 个单元时约为两倍，16 个时高出五分之一。",
  "An image's pixels differ in length, which these layers keep or turn into means. That is not followed, and more seeds would lie outside than a band says. From layer {row} on no band is given.": "图像各像素的长度不同，这些层会保留这一差别，或把它变成均值。这里没有计入，落在区间之外的种子会多于区间所称。从第 {row} 层起不给出区间。",
  "Batch normalization holds the batch's mean square, but not each example's: this activation makes long ones longer, layer by layer, until a few rule. That is not followed: the output has no band.": "批归一化固定的是整批的均方，而不是每个样本的均方：这种激活函数会让长的样本逐层变得更长，直到少数几个样本占主导。这里没有计入：输出层不给出区间。",
  "Skips beside a batch normalization behind the activation let the examples' lengths drift apart, which is not followed: expect deviations that grow with depth. From layer {row} on no band is given.": "激活之后的批归一化与残差连接并用时，各样本的长度会逐层拉开，这里没有计入：预计偏差会随深度增大。从第 {row} 层起不给出区间。",
  "LSUV leaves a variance that is within {tolerance} of 1 as it is, and which layers that are is left to chance; theory is given up to a tolerance of {most}.": "LSUV 对与 1 相差不超过 {tolerance} 的方差不作调整，哪些层如此全凭偶然；容差不超过 {most} 时才给出理论。",
  "LSUV fits the weights without dropout, and training adds it: what that does to each layer is not implemented.": "LSUV 在没有 dropout 时调整权重，而训练时会加上 dropout：这对每层的影响尚未实现。",
  "LSUV asks for unit variance, but the biases alone have variance {variance}.": "LSUV 要求方差为 1，但仅偏置的方差就有 {variance}。",
  "Instance normalization needs the correlations between the input's pixels, which are not given.": "实例归一化需要输入像素之间的相关系数，而这里没有给出。",

  // ---- theory: notes ----
  "From layer {row} on the mean square is beyond float32's largest number, 3.4·10³⁸: a measured run shows infinities, at the latest where single values, of the size of its root, overflow as well.":
    "从第 {row} 层起，均方值超过 float32 的最大数 3.4·10³⁸：实测的运行会出现无穷大，最迟在单个值（约为其平方根）也溢出的时候。",
  "With residual connections q grows from layer to layer and has no fixed point; χ is that of the last layers of a deep one.":
    "有残差连接时 q 逐层增大，没有不动点；χ 取深网络最后几层的值。",
  "q grows without end: there is no fixed point, since σ_w² is at or above this activation's critical value.": "q 无限增大：没有不动点，因为 σ_w² 达到或超过了这个激活函数的临界值。",
  "q grows without end: there is no fixed point.": "q 无限增大：没有不动点。",
  "On the critical line without bias every q is a fixed point: q* is the value the first layer gives.":
    "在没有偏置的临界线上，每个 q 都是不动点：q* 就是第一层给出的值。",
  "Two inputs' correlation still goes to 1, slower than exponentially.": "两个输入的相关系数仍趋向 1，但比指数慢。",
  "χ is within 0.001 of 1: the depth scale is long but finite.": "χ 与 1 相差不到 0.001：深度尺度很长，但有限。",
  "The output needs the correlations between the input's pixels, which are not given: null.": "输出层需要输入像素之间的相关系数，这里没有给出，所以为空。",
  "LSUV holds the batch's mean square, but not each example's: a layer multiplies the logarithm of two lengths' ratio by {drift}, and one fades beside the other. Expect two inputs' correlation to leave theory's on the way.": "LSUV 固定的是整个批次的均方值，而不是每个样本的：每层把两个样本长度之比的对数乘以 {drift}，其中一个相对另一个逐渐衰减。预计两个输入的相关系数会逐渐偏离理论值。",
  "Skips add up the activation's mean, so that units share a part of the gradient, which grows faster than χ says. In images that is not followed: expect up to 1.5 times theory's growth a layer.": "跳跃连接会把激活的均值逐层累加，各单元因此共享梯度的一部分，而这部分的增长比 χ 所说的更快。对图像没有跟踪这一点：预计每层的增长最多为理论值的 1.5 倍。",
  "Skips add up the activation's mean, so that units share a part of the gradient that grows faster than χ says, by up to {times} a layer at this width. The predicted gradient counts it.": "跳跃连接会把激活的均值逐层累加，各单元因此共享梯度的一部分，而这部分的增长比 χ 所说的更快：在这一宽度下每层最多为其 {times} 倍。预测的梯度已计入这一点。",
  "q runs away from an unstable fixed point, or so few units draw so much: soon networks of this width differ by factors, and their mean square is no longer near theory's. From layer {row} on no band is given.": "q 正在离开一个不稳定的不动点，或者单元太少而随机性太大：这一宽度的各个网络很快会相差数倍，其均方不再接近理论值。从第 {row} 层起不给出区间。",
  "Inputs of different lengths reach φ's bend in different layers, and of their lengths' law only three moments are known: the mean square hangs on it by more than a band is wide. From layer {row} on no band is given.": "长度不同的输入在不同的层到达 φ 弯曲之处，而长度的分布只知道前三阶矩：均方值对它的依赖超过了色带的宽度。从第 {row} 层起不给出色带。",
  "What the output reads, the mean over an image's pixels, is made here of what single pixels or units have in common by chance, of which theory follows the mean only: the output has no band.": "输出层读取的是图像各像素的平均；在这里，它取决于单个像素或单元偶然的共同之处，而理论只跟踪其平均值：输出层不给出色带。",
  "No band is given: it needs the input's participation ratio, which is not given.": "不给出色带：它需要输入的参与率，而这里没有给出。",
  "ε counts beside the variances that the normalization divides by, and these differ by factors: from unit to unit or from example to example. What it leaves of them is not followed. No band is given.": "与归一化所除的方差相比，ε 不可忽略，而这些方差在单元之间或样本之间相差数倍。ε 使它们变成多少没有逐层计算。因此不给出色带。",
  "Pixels' correlations are followed from their mean over all distances: an approximation, seen in the output, which has no band.":
    "像素之间的相关系数从所有距离上的平均值出发推算：这是近似，在输出层能看出来，因此输出层不给出色带。",
  "Through many layers the examples of a batch come to depend on each other, which is not followed: expect the gradient to grow faster than theory says, by up to a sixth a layer where the activation is nearly linear.":
    "经过很多层之后，一批中的样本会互相依赖，这里没有跟踪：梯度会比理论说的增长得更快，在激活函数接近线性时每层最多快六分之一。",
  "Zero padding: the variance is followed pixel by pixel and averaged, correlation and gradient use that average as if padding were circular: an approximation.":
    "零填充：方差逐像素推算后取平均，相关系数和梯度使用这个平均值，就像循环填充那样：这是近似。",
  "The normalization's average over pixels is taken as the average over independent units: an approximation.": "把归一化在像素上的平均当作在独立单元上的平均：这是近似。",
  "Every example counts as having the batch's mean square, while those of {data} differ in length: where φ bends, expect deviations in the first layers, before q forgets the input.":
    "这里把每个样本的均方值都当作整个批次的均方值，而 {data} 的样本长短不一：在 φ 弯曲的地方，头几层（q 忘掉输入之前）会有偏差。",
  "A unit's standard deviation over the batch, by which batch normalization divides, comes from only {seen} numbers of the input and is often small: expect the gradient to grow by up to 8 a layer where the activation is nearly linear, and by 2 to 4 in the first layers of others.":
    "批归一化要除以单元在批次上的标准差，而这里它只来自输入的 {seen} 个数，常常很小：激活函数近似线性时梯度每层最多增长到 8 倍，其他激活函数在头几层每层增长到 2 至 4 倍。",
  "Batch normalization is treated for large batches; with {batch} examples expect errors of a few times 1/{batch}.": "批归一化按大批次处理；{batch} 个样本时误差约为 1/{batch} 的几倍。",
  "LSUV fits every layer's weights to the batch: its output's variance is 1 before the gain, and σ_w² is what that takes.": "LSUV 按批次调整每层的权重：乘以增益之前输出方差为 1，σ_w² 取所需的值。",
  "Uniform biases count as Gaussian ones of the same variance: an approximation where they dominate.": "均匀分布的偏置按同方差的高斯偏置处理：偏置占主导时这是近似。",
  "A width of {width} is small: expect deviations of the order of 1/{width} a layer, as the band shows.": "宽度 {width} 较小：每层会有 1/{width} 量级的偏差，如色带所示。",

  // ---- problems: what is wrong with a field ----
  "{one}; {more}": "{one}；{more}",
  "{field}: {problem}": "{field}：{problem}",
  "got {value}": "给出的是 {value}",
  "Input should be a valid dictionary or instance of {class_name}": "应当是一个对象（{class_name}）",
  "Input should be a valid dictionary or object to extract fields from": "应当是一个对象",
  "there is no such field; choose one of {fields}": "没有这个字段；可选：{fields}",
  "Field required": "缺少这个字段",
  "Input should be {expected}": "应当是 {expected}",
  "Input tag '{tag}' found using {discriminator} does not match any of the expected tags: {expected_tags}": "没有“{tag}”这个选项；可选：{expected_tags}",
  "Input should be a valid integer": "应当是整数",
  "Input should be a valid integer, unable to parse string as an integer": "应当是整数，这段文字读不出整数",
  "Input should be a valid integer, got a number with a fractional part": "应当是整数，不能带小数",
  "Unable to parse input string as an integer, exceeded maximum size": "整数太大",
  "Input should be a valid number": "应当是数字",
  "Input should be a valid number, unable to parse string as a number": "应当是数字，这段文字读不出数字",
  "Input should be a finite number": "应当是有限的数字",
  "Input should be greater than or equal to {ge}": "应当不小于 {ge}",
  "Input should be less than or equal to {le}": "应当不大于 {le}",
  "Input should be greater than {gt}": "应当大于 {gt}",
  "Input should be a valid boolean": "应当是 true 或 false",
  "Input should be a valid boolean, unable to interpret input": "应当是 true 或 false",
  "Input should be a valid string": "应当是文字",
  "String should have at most {max_length} character{expected_plural}": "最多 {max_length} 个字符",
  "String should match pattern '{pattern}'": "应当符合格式 {pattern}",
  "Invalid JSON: {error}": "不是合法的 JSON：{error}",
  "character {place} (U+{code}) is a control or formatting character; leave it out": "第 {place} 个字符（U+{code}）是控制或格式字符，请去掉",

  // ---- problems: what does not fit together ----
  "min_val {min_val} must be below max_val {max_val}": "min_val {min_val} 必须小于 max_val {max_val}",
  "a = {a} must be below b = {b}": "a = {a} 必须小于 b = {b}",
  "mean {mean} must lie between a = {a} and b = {b}": "均值 {mean} 必须在 a = {a} 与 b = {b} 之间",
  "low {low} must be below high {high}": "下限 {low} 必须小于上限 {high}",
  "nesterov needs a momentum above 0": "nesterov 需要大于 0 的动量",
  "{name} is not for network.kind {kind}; choose one of {allowed}": "{name} 不适用于 network.kind {kind}；可选：{allowed}",
  "{groups} does not divide network.width {width}; choose one of {fitting}": "{groups} 不能整除 network.width {width}；可选：{fitting}",
  "{values} value a channel is too few for batch normalization to average over; choose 2 or more": "每个通道只有 {values} 个值，批归一化无法求平均；请选 2 或更大",
  "pooling leaves 1 pixel, and instance normalization needs at least 2; pool less often, or never (0)": "池化后只剩 1 个像素，而实例归一化至少需要 2 个；请减少池化，或不池化（0）",
  "pooling leaves {left} pixels, and circular padding of a kernel of {kernel} needs at least {reach}; pool less often, or choose padding zeros":
    "池化后只剩 {left} 个像素，而大小为 {kernel} 的卷积核做循环填充至少需要 {reach} 个；请减少池化，或选零填充",
  "this is so close to 0 everywhere that {init} has no gain for it (1/√E[φ(z)²] is {gain}); choose other limits, or another initializer":
    "该激活函数处处近乎 0，{init} 对它没有可用的增益（1/√E[φ(z)²] 为 {gain}）；请改用其他上下限，或换一种初始化",
  "give either steps or epochs, not steps = {steps} and epochs = {epochs}": "步数和轮数只能给一个，不能是 steps = {steps} 且 epochs = {epochs}",
  "a map is of plain fully connected networks: kind mlp, no normalization, no residual, no dropout": "相图只用于普通全连接网络：类型 mlp，无归一化、无残差连接、无 dropout",
  "the networks of a map have biases, of variance σ_b²: choose auto or true": "相图中的网络都有偏置，其方差为 σ_b²：请选 auto 或 true",
  "device: cuda is asked for, but this machine has no GPU that torch can use; choose auto or cpu": "device：要求用 cuda，但这台机器没有 torch 能用的 GPU；请选 auto 或 cpu",

  // ---- problems: trained weights ----
  "{source} is not possible: a run's id or the name of a .safetensors file, letters, digits, '.', '_' and '-', no path":
    "{source} 不行：应当是一次运行的编号或一个 .safetensors 文件的名字，只含字母、数字、“.”、“_”和“-”，不含路径",
  "{source} is a pickle file: loading one runs whatever code it holds, so pickles are refused; save the tensors with safetensors.torch.save_file(model.state_dict(), NAME) instead":
    "{source} 是 pickle 文件：载入它会执行其中的任意代码，所以不接受；请用 safetensors.torch.save_file(model.state_dict(), NAME) 保存张量",
  "is a pickle file (torch.save): loading one runs whatever code it holds, so pickles are refused. Save the tensors with safetensors.torch.save_file(model.state_dict(), NAME) instead":
    "是 pickle 文件（torch.save）：载入它会执行其中的任意代码，所以不接受。请用 safetensors.torch.save_file(model.state_dict(), NAME) 保存张量",
  "is empty: name a run that kept its weights (capture.weights), an uploaded file, or one in the weights folder":
    "是空的：请填一次保留了权重的运行（capture.weights）、一个上传的文件，或权重文件夹中的文件",
  "is no safetensors file: {problem}": "不是 safetensors 文件：{problem}",
  "{source} is not here: upload it (POST /api/weights), or put it into the folder weights of the data directory":
    "这里没有 {source}：请上传（POST /api/weights），或放进数据目录的 weights 文件夹",
  "{source} is no run on this server; GET /api/weights lists what there is": "这台服务器上没有运行 {source}；GET /api/weights 列出现有的",
  "run {source} is {status}, and its weights are kept when it is finished": "运行 {source} 的状态是 {status}，结束后才保留权重",
  "run {source} ({status}) kept no weights: run it with capture.weights true": "运行 {source}（{status}）没有保留权重：请在 capture.weights 为 true 时运行",
  "There are no weights {source} on this server; GET /api/weights lists those there are.": "这台服务器上没有权重 {source}；GET /api/weights 列出现有的。",
  "Run {id} is {status} and starts from these weights; cancel it first, or wait until it is over.": "运行 {id}（{status}）以这些权重为起点；请先取消它，或等它结束。",
  "The file is larger than this server's limit of {limit} bytes (--max-upload-bytes).": "文件超过这台服务器 {limit} 字节的上限（--max-upload-bytes）。",

  // ---- problems: limits ----
  "this takes about {estimate} {what}, and this server's limit is {limit}: {remedy}": "这大约需要 {estimate} {what}，而这台服务器的上限是 {limit}：{remedy}",
  "floating point operations": "次浮点运算",
  "floating point operations a step": "次浮点运算（每步）",
  "GiB of memory": "GiB 内存",
  "GiB of weights": "GiB 权重",
  "frames": "帧",
  "train for fewer steps, or a smaller network or batch": "请减少训练步数，或用更小的网络或批次",
  "train for fewer steps, or choose fewer points, or a smaller network or batch": "请减少训练步数或点数，或用更小的网络或批次",
  "take a frame less often (capture.every)": "请拉大帧间隔（capture.every）",
  "choose fewer or narrower layers, or do not keep the weights": "请用更少或更窄的层，或不保留权重",
  "choose fewer or narrower layers, or a smaller batch": "请用更少或更窄的层，或更小的批次",
  "choose fewer points, or a smaller network": "请减少点数，或用更小的网络",
  "The request's body is larger than this server's limit of {limit} bytes.": "请求体超过这台服务器 {limit} 字节的上限。",
  "{waiting} runs wait already, and this server's limit is {limit}; try again in a minute.": "已有 {waiting} 个运行在排队，这台服务器的上限是 {limit}；请一分钟后再试。",

  // ---- problems: runs, streams, data ----
  "There is no run {id} on this server; GET /api/runs lists those there are.": "这台服务器上没有运行 {id}；GET /api/runs 列出现有的运行。",
  "There is no sweep {id} on this server; POST /api/sweeps makes one.": "这台服务器上没有扫描 {id}；POST /api/sweeps 可以新建一个。",
  "The run is {status} already; there is nothing to cancel.": "运行的状态已是 {status}，没有什么可取消的。",
  "The sweep is {status} already; there is nothing to cancel.": "扫描的状态已是 {status}，没有什么可取消的。",
  "{count} seeds from {first} on go beyond the last one, {last}; begin with a smaller one": "从 {first} 起的 {count} 个种子超出最大值 {last}；请从更小的种子开始",
  "{count} ids; give 1 to {most}, separated by commas": "有 {count} 个编号；请给出 1 到 {most} 个，用逗号分隔",
  "{names} is no quantity; choose from {choices}": "没有 {names} 这个量；可选：{choices}",
  "{places} places for {runs} runs; give one for each run, in their order": "{runs} 个运行却有 {places} 个位置；请按顺序给每个运行一个",
  "interrupted: the server stopped while this ran. Its frames are kept; run it again for the rest.": "被中断：运行期间服务器停止了。已有的帧都保留着；要得到其余部分请重新运行。",
  "The worker ended without finishing the run.": "工作进程没有完成运行就结束了。",
  "The worker process ended unexpectedly (exit code {code}); it may have run out of memory. Frames up to here are kept; run it again, or choose a smaller network.":
    "工作进程意外结束（退出码 {code}），可能是内存不足。到此为止的帧都保留着；请重新运行，或选小一些的网络。",
  "The network did not fit into the memory that this machine has left, although its estimate did; choose a smaller one, or try again later.": "估算虽在限度之内，但本机剩余的内存容不下这个网络；请选择更小的网络，或稍后再试。",
  "The network did not fit into the memory that this machine has left, although its estimate did. Frames up to here are kept; run it again, or choose a smaller one.": "估算虽在限度之内，但本机剩余的内存容不下这个网络。到此为止的帧已保留；请重新运行，或选择更小的网络。",
  "The preview took longer than {limit_s} s; choose a smaller network.": "预览超过了 {limit_s} 秒；请选小一些的网络。",
  "The preview's worker ended unexpectedly (exit code {code}), perhaps out of memory; choose a smaller network.": "预览的工作进程意外结束（退出码 {code}），可能是内存不足；请选小一些的网络。",
  "No worker has begun this preview within {limit_s} s: too many are asked for, or workers do not start (then the server's log says why). Send it again in a moment.":
    "{limit_s} 秒内没有工作进程开始这个预览：请求太多，或工作进程无法启动（原因见服务器日志）。请稍后再发一次。",
  "The preview was cancelled; send it again.": "预览被取消；请再发一次。",
  "{name} is being fetched{far}; ask again in a moment.": "正在下载 {name}{far}；请稍后再试。",
  ", {percent} % of {size} MB so far": "，已完成 {size} MB 的 {percent} %",
  "{file} of {name} could not be fetched ({problems}). Put {missing} into {place} by hand, or start the server with --dataset-mirror; {others} need no network.":
    "无法下载 {name} 的 {file}（{problems}）。请手动把 {missing} 放进 {place}，或用 --dataset-mirror 启动服务器；{others} 不需要网络。",
  "{name} is not on this server yet and could not be fetched": "这台服务器上还没有 {name}，也无法下载",
  "The data set's files cannot be read: {problem}. Check what the mirror holds.": "无法读取数据集的文件：{problem}。请检查镜像中的内容。",
  "The server is shutting down.": "服务器正在关闭。",
  "The store cannot be used: {problem}. Nothing that is in it is lost; whoever runs this server should see to the disk of its data directory (room, permissions, other programs that hold the database).":
    "存储无法使用：{problem}。其中已有的内容都没有丢失；请运行这台服务器的人检查其数据目录所在的磁盘（空间、权限、占用数据库的其他程序）。",
  "The store cannot be used, and may be damaged: {problem}. Whoever runs this server should stop it and put a backup back.":
    "存储无法使用，而且可能已经损坏：{problem}。请运行这台服务器的人停止它，并恢复备份。",
  "The server's store cannot be read; its log says why.": "无法读取服务器的存储；原因见其日志。",
  "A file in the data directory cannot be written or read: {problem}. Whoever runs this server should see to its disk (room, permissions).":
    "无法读写数据目录中的一个文件：{problem}。请运行这台服务器的人检查其磁盘（空间、权限）。",
  "The run's weights could not be kept: {problem}.": "无法保存这个运行的权重：{problem}。",
  "The run was deleted.": "这个运行已被删除。",
  "The run's frames up to here are kept.": "这个运行到此为止的帧都保留着。",
  "is no JSON: {problem} at character {place}": "不是 JSON：第 {place} 个字符处 {problem}",
  "is not UTF-8 text; send JSON in UTF-8": "不是 UTF-8 文本；请发送 UTF-8 编码的 JSON",
  "has a number of too many digits; send a configuration": "含有位数过多的数；请发送一个配置",
  "is nested too deeply; send a configuration": "嵌套过深；请发送一个配置",
  "The server is being stopped and takes no new runs.": "服务器正在停止，不再接受新的运行。",
  "The server is being stopped and takes no new runs; ask again in a moment, when it is back.": "服务器正在停止，不再接受新的运行；请稍后等它恢复再试。",
  "The server was stopped while this ran. Its frames are kept; run it again for the rest.": "运行期间服务器被停止了。已有的帧都保留着；要得到其余部分请重新运行。",
  "The run took longer than {limit_s} s, which is this server's limit (--max-run-s). Its frames are kept; train for fewer steps, or a smaller network.":
    "运行超过了 {limit_s} 秒，这是这台服务器的上限（--max-run-s）。已有的帧都保留着；请减少训练步数，或用更小的网络。",
  "The worker gave no sign of life for {silence_s} s and was ended. Frames up to here are kept; run it again, or choose a smaller network.":
    "工作进程 {silence_s} 秒没有任何动静，已被结束。到此为止的帧都保留着；请重新运行，或选小一些的网络。",
  "The store is full: {frames} of {max_frames} frames and {size} of {max_size} GiB (weights and what was to come among them) cannot go, because runs are pinned, not over, or start from them. Unpin or delete some, or start the server with larger --max-stored-frames or --max-stored-gib.":
    "存储已满：{max_frames} 帧中有 {frames} 帧、{max_size} GiB 中有 {size} GiB（包括权重和将要存入的内容）不能删除，因为有运行被固定、尚未结束，或以它们为起点。请取消固定或删除一些，或以更大的 --max-stored-frames 或 --max-stored-gib 启动服务器。",
  "More than {limit} requests in a minute from this address, which is this server's limit (--requests-per-minute); ask again when Retry-After has passed.":
    "来自这个地址的请求一分钟内超过了 {limit} 个，这是这台服务器的上限（--requests-per-minute）；请等 Retry-After 所说的时间过后再试。",
  "This needs the server's token: sign in on the page, or send `Authorization: Bearer TOKEN`. Whoever started the server has it.":
    "这需要服务器的令牌：请在页面上登录，或发送 `Authorization: Bearer TOKEN`。令牌在启动服务器的人手里。",
  "This is not the server's token. Whoever started the server has it.": "这不是服务器的令牌。令牌在启动服务器的人手里。",
  "{host} is not this machine's own name, and this server asks for no token because it listens on this machine only. Open it as localhost, or set SIGPROP_TOKEN.":
    "{host} 不是本机的名字，而这台服务器只在本机上监听，所以不要求令牌。请用 localhost 打开，或设置 SIGPROP_TOKEN。",
  "nothing to change; give title, pinned or both": "没有要改的内容；请给出 title、pinned 或两者",
  "The server made a mistake. It is in the log; the same request may work again.": "服务器出错了，已记入日志；同样的请求再发一次也许能成功。",
  "A page of {origin} asks for this; only this server's own pages and programs may write.": "这个请求来自 {origin} 的网页；只有这台服务器自己的页面和程序可以写入。",
};
