namespace Pipeline.SagaStore.Tests.Samples;

/// <summary>Makes the first event of a customer's order throw as often as a test asks for.</summary>
public sealed class FirstEventFailures
{
    private int _left;

    public string? Customer { get; set; }

    public int Left
    {
        get => _left;
        set => _left = value;
    }

    public void ThrowIfAsked(string customer)
    {
        if (customer == Customer && Interlocked.Decrement(ref _left) >= 0)
        {
            throw new InvalidOperationException("The sample fails on purpose.");
        }
    }
}
