namespace Pipeline.ToolWorkers.Tests.Fixtures;

/// <summary>Waits for a state that another process or the database shows but does not announce.</summary>
internal static class Eventually
{
    /// <summary>Asks again until the fact holds; fails after two minutes, which no working machine needs, with what was waited for.</summary>
    public static async Task HoldsAsync(Func<Task<bool>> fact, string what)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(2));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!await fact())
        {
            try
            {
                await timer.WaitForNextTickAsync(limit.Token);
            }
            catch (OperationCanceledException) when (!TestContext.Current.CancellationToken.IsCancellationRequested)
            {
                Assert.Fail($"Waited 2 minutes in vain until {what}.");
            }
        }
    }
}
