using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Pipeline.LlmGateway.Tests.Fixtures;

/// <summary>Keeps every line of every logger, exceptions included.</summary>
internal sealed class LogCapture : ILoggerProvider
{
    private readonly ConcurrentQueue<string> _lines = new();
    private TaskCompletionSource _written = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IReadOnlyCollection<string> Lines => _lines.ToArray();

    public ILogger CreateLogger(string categoryName) => new Logger(categoryName, this);

    /// <summary>Waits until a line holds the text.</summary>
    public async Task LineAsync(string text)
    {
        while (true)
        {
            var written = Volatile.Read(ref _written).Task;
            if (_lines.Any(x => x.Contains(text, StringComparison.Ordinal)))
            {
                return;
            }

            await written.Patiently();
        }
    }

    public void Dispose()
    {
    }

    private void Add(string line)
    {
        _lines.Enqueue(line);
        Interlocked.Exchange(ref _written, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
    }

    private sealed class Logger(string category, LogCapture capture) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            capture.Add($"{logLevel} {category}: {formatter(state, exception)} {exception}");
    }
}
