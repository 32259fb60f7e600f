namespace Pipeline.Benchmarks.Invocations;

/// <summary>Hands submissions to the pipeline and hears its terminal events: over AMQP as an upstream system does, or within the process.</summary>
internal interface ISubmitter
{
    /// <summary>Where the terminal events of the current part of the load go.</summary>
    TerminalEvents Events { get; set; }

    Task SubmitAsync(Guid invocation, CancellationToken cancellationToken);
}
