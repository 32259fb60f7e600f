using MassTransit;
using Pipeline.Contracts.ToolCalls;
using Pipeline.ServiceDefaults;
using Pipeline.ToolWorkers.Calls;

namespace Pipeline.ToolWorkers.Circuits;

/// <summary>Hears what the other worker processes changed: one queue for each process, gone with it.</summary>
internal static class CircuitEndpoint
{
    public static PipelineEndpoint Describe(IServiceProvider services)
    {
        var instance = services.GetRequiredService<WorkerInstance>();
        return new PipelineEndpoint
        {
            QueueName = $"circuits_bus_{instance.Id}",
            Temporary = true,
            Configure = (context, queue) =>
            {
                // The message only says that there is something to read: the database says what counts.
                var fleet = context.GetRequiredService<CircuitFleet>();
                queue.Handler<ToolCircuitChanged>(x =>
                {
                    if (x.Message.Instance != instance.Name)
                    {
                        fleet.ReadSoon();
                    }

                    return Task.CompletedTask;
                });
            },
        };
    }
}
