namespace Pipeline.LlmGateway.Tests.Fixtures;

/// <summary>A wait for something that will happen; the limit only keeps a broken build from hanging.</summary>
internal static class Patience
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static Task Patiently(this Task task) => task.WaitAsync(Limit, TestContext.Current.CancellationToken);

    public static Task<T> Patiently<T>(this Task<T> task) => task.WaitAsync(Limit, TestContext.Current.CancellationToken);

    public static Task<T> Patiently<T>(this ValueTask<T> task) => task.AsTask().Patiently();
}
