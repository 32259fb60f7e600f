using Pipeline.SagaStore.Databases;

namespace Pipeline.SagaStore;

/// <summary>For what a saga's endpoint reads outside the store: the patience with an absent database that the store itself has.</summary>
public static class DatabaseOutage
{
    /// <summary>True where the database did not answer; false where it answered with an error.</summary>
    public static bool Is(Exception exception) => DatabaseErrors.Classify(exception) == DatabaseError.Outage;

    /// <summary>Asks again while the database does not answer, with growing and jittered waits.</summary>
    /// <param name="ask">Asks in a fresh scope each time.</param>
    /// <param name="patience">How long; then the last exception goes on as it came.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<T> OutlastAsync<T>(Func<Task<T>> ask, TimeSpan patience, TimeProvider time, CancellationToken cancellationToken)
    {
        var giveUpAt = time.GetUtcNow() + patience;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await ask();
            }
            catch (Exception e) when (Is(e) && time.GetUtcNow() < giveUpAt && !cancellationToken.IsCancellationRequested)
            {
                await Task.Delay(Delay(attempt), time, cancellationToken);
            }
        }
    }

    internal static TimeSpan Delay(int attempt) => TimeSpan.FromMilliseconds((0.5 + Random.Shared.NextDouble()) * Math.Min(2000, 50 * Math.Pow(2, attempt)));
}
