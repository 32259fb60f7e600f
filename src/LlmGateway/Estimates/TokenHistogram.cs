namespace Pipeline.LlmGateway.Estimates;

/// <summary>
/// A quantile of token counts that follows what is recent: counts by size, each size a tenth larger than the one before, and all of them halved
/// whenever enough has come in. Fixed in size; not thread-safe.
/// </summary>
internal sealed class TokenHistogram
{
    private const double Growth = 1.1;
    private const int Sizes = 160;

    /// <summary>Above so many samples the old ones count half.</summary>
    private const int HalvedAbove = 512;

    private static readonly double LogGrowth = Math.Log(Growth);

    private readonly float[] _counts = new float[Sizes];
    private float _total;

    /// <summary>How many samples were seen, without forgetting.</summary>
    public long Samples { get; private set; }

    public void Add(long tokens)
    {
        if (_total >= HalvedAbove)
        {
            _total = 0;
            for (var i = 0; i < Sizes; i++)
            {
                _counts[i] /= 2;
                _total += _counts[i];
            }
        }

        _counts[SizeOf(tokens)]++;
        _total++;
        Samples++;
    }

    /// <returns>A count that the given part of the samples does not exceed, at most a tenth too large. 0 without samples.</returns>
    public long Quantile(double part)
    {
        if (_total <= 0)
        {
            return 0;
        }

        var wanted = _total * part;
        var sum = 0f;
        for (var i = 0; i < Sizes; i++)
        {
            sum += _counts[i];
            if (sum >= wanted - 1e-3)
            {
                return LargestOf(i);
            }
        }

        return LargestOf(Sizes - 1);
    }

    private static int SizeOf(long tokens)
    {
        var size = (int)Math.Clamp(Math.Floor(Math.Log(Math.Max(0, tokens) + 1) / LogGrowth), 0, Sizes - 1);

        // Rounding at the edge must not put a count below what its size stands for.
        return size < Sizes - 1 && tokens > LargestOf(size) ? size + 1 : size;
    }

    private static long LargestOf(int size) => (long)Math.Ceiling(Math.Pow(Growth, size + 1) - 1);
}
